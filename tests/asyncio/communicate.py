"""Text sent through a child, output of both kinds collected, and a child that does not listen."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

MESSAGE = "first line\nsecond line, ends with a z\n"


async def through_a_filter():
    child = await asyncio.create_subprocess_exec("tr", "a-y", "A-Y", stdin=PIPE, stdout=PIPE)
    out, err = await child.communicate(MESSAGE.encode())
    print(out.decode(), end="")
    print("error output:", len(err or b""), "code:", child.returncode)


async def both_outputs():
    script = "cat; echo no >&2; exit 4"
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", script, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    out, err = await child.communicate(b"yes")
    print("both:", out.decode(), err.decode().strip(), child.returncode)


async def in_one():
    child = await asyncio.create_subprocess_shell(
        "echo out; echo err >&2", stdout=PIPE, stderr=STDOUT
    )
    out, _ = await child.communicate()
    print("in one:", *out.decode().split(), child.returncode)


async def nothing():
    child = await asyncio.create_subprocess_exec("cat", stdin=DEVNULL, stdout=PIPE)
    out, _ = await child.communicate()
    print("nothing:", len(out), child.returncode)


async def does_not_listen():
    child = await asyncio.create_subprocess_exec("true", stdin=PIPE)
    await child.communicate(bytes(1 << 20))
    print("does not listen:", child.returncode)


async def large():
    child = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    sent = bytes(range(256)) * 8192
    out, _ = await child.communicate(sent)
    print("large:", len(out), out == sent, child.returncode)


async def main():
    await through_a_filter()
    await both_outputs()
    await in_one()
    await nothing()
    await does_not_listen()
    await large()


asyncio.run(main())
