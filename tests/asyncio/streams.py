"""A child read line by line, one that is talked with, and what its reader says at the end."""

import asyncio
from asyncio.subprocess import PIPE


async def lines():
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", "echo one; echo two; printf three", stdout=PIPE
    )
    while line := await child.stdout.readline():
        print("line:", line.decode().rstrip("\n"), line.endswith(b"\n"))
    print("at the end:", child.stdout.at_eof())
    print("code:", await child.wait())


async def conversation():
    child = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    for word in ("hello", "how are you", "bye"):
        child.stdin.write(f"{word}\n".encode())
        await child.stdin.drain()
        print("answer:", (await child.stdout.readline()).decode().rstrip())
    child.stdin.close()
    print("rest:", len(await child.stdout.read()))
    print("code:", await child.wait())


async def pieces():
    child = await asyncio.create_subprocess_exec("printf", "abc;de;fghij", stdout=PIPE)
    print("until:", (await child.stdout.readuntil(b";")).decode())
    print("exactly:", (await child.stdout.readexactly(3)).decode())
    try:
        await child.stdout.readuntil(b";")
    except asyncio.IncompleteReadError as error:
        print("incomplete:", error.partial.decode())
    print("code:", await child.wait())


async def limit():
    child = await asyncio.create_subprocess_exec(
        "printf", "%s", "x" * 5000 + ";", stdout=PIPE, limit=1000
    )
    try:
        await child.stdout.readuntil(b";")
    except asyncio.LimitOverrunError:
        print("over the limit")
    print("exactly:", len(await child.stdout.readexactly(5001)))
    print("code:", await child.wait())


async def main():
    await lines()
    await conversation()
    await pieces()
    await limit()


asyncio.run(main())
