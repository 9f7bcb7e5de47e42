"""Children that are ended, that end, that have ended, and that never began."""

import asyncio
import signal
from asyncio.subprocess import PIPE

CODES = {
    FileNotFoundError: "not-found",
    PermissionError: "not-permitted",
    ProcessLookupError: "no-such-process",
}


async def sleeper():
    return await asyncio.create_subprocess_exec("sleep", "1000")


async def ended(how, what):
    child = await sleeper()
    print("runs:", child.returncode is None)
    how(child)
    print(what, await child.wait())


async def many_wait():
    child = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
    waiting = [asyncio.create_task(child.wait()) for _ in range(3)]
    child.stdin.close()
    print("many wait:", *await asyncio.gather(*waiting))
    print("again:", await child.wait())
    try:
        child.send_signal(signal.SIGTERM)
        print("it is still there")
    except ProcessLookupError as error:
        print("after the end:", CODES[type(error)])


async def slow():
    child = await sleeper()
    try:
        await asyncio.wait_for(child.wait(), 0.05)
    except asyncio.TimeoutError:
        print("too slow:", child.returncode is None)
    child.kill()
    print("killed:", await child.wait())


async def never_began(program):
    try:
        await asyncio.create_subprocess_exec(program)
    except OSError as error:
        print(program, CODES[type(error)])


async def many():
    children = [await asyncio.create_subprocess_exec("sh", "-c", f"exit {n}") for n in range(20)]
    print("many:", *await asyncio.gather(*(child.wait() for child in children)))


async def main():
    await ended(lambda child: child.terminate(), "terminated:")
    await ended(lambda child: child.kill(), "killed:")
    await ended(lambda child: child.send_signal(signal.SIGUSR1), "signalled:")
    await many_wait()
    await slow()
    for program in ("/no/such/program", "no-such-program", "/", "/etc/passwd"):
        await never_began(program)
    await many()


asyncio.run(main())
