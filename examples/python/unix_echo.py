"""A server at a Unix socket, in a directory of its own.

    aio-host python --dir=/tmp examples/python/unix_echo.py
"""

import asyncio
import os
import stat
import tempfile


async def echo(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()


async def client(path, message):
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(f"{message}\n".encode())
    print("answer:", (await reader.readline()).decode().rstrip())
    print("at the end:", await reader.read(), writer.get_extra_info("peername") == path)
    writer.close()
    await writer.wait_closed()


async def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "echo")
        async with await asyncio.start_unix_server(echo, path):
            print("a socket:", stat.S_ISSOCK(os.stat(path).st_mode))
            await client(path, "hello")
            await client(path, "again")


asyncio.run(main())
