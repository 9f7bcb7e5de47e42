r"""A program that is read line by line, and one that is sent data.

    aio-host python --allow-run=python3 --allow-run=cat --allow-run=tr "--allow-run=/bin/sh -c" \
        examples/python/subprocess_streams.py
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT


async def lines():
    code = "for number in range(3): print('line', number)"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
    async for line in child.stdout:
        print("read:", line.decode().rstrip())
    print("exit code:", await child.wait())


async def upper(text):
    child = await asyncio.create_subprocess_exec("tr", "a-z", "A-Z", stdin=PIPE, stdout=PIPE)
    output, _ = await child.communicate(text.encode())
    return output.decode()


async def conversation():
    child = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    for word in "hello", "again":
        child.stdin.write(f"{word}\n".encode())
        await child.stdin.drain()
        print("answer:", (await child.stdout.readline()).decode().rstrip())
    child.stdin.close()
    print("exit code:", await child.wait())


async def shell():
    child = await asyncio.create_subprocess_shell(
        "echo out; echo err >&2; exit 3", stdout=PIPE, stderr=STDOUT
    )
    output, _ = await child.communicate()
    print("shell:", output.decode().split(), child.returncode)


async def given_up():
    child = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
    try:
        await asyncio.wait_for(child.wait(), timeout=0.01)
    except TimeoutError:
        child.terminate()
    print("ended by signal", -await child.wait())


async def main():
    await lines()
    print("upper:", await upper("make it loud"))
    await conversation()
    await shell()
    await given_up()


asyncio.run(main())
