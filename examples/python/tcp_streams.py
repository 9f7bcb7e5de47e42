r"""An echo server and its clients, by streams.

    aio-host python --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 \
        examples/python/tcp_streams.py
"""

import asyncio


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def client(address, words):
    reader, writer = await asyncio.open_connection(*address)
    for word in words:
        writer.write(f"{word}\n".encode())
        await writer.drain()
        word = (await reader.readline()).decode().rstrip()
    writer.write_eof()
    print("left:", len(await reader.read()))
    writer.close()
    await writer.wait_closed()
    return word


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    print("one:", await client(address, ["how", "are", "you"]))
    many = await asyncio.gather(*(client(address, [f"client {n}"]) for n in range(10)))
    print("many:", many)
    server.close()
    await server.wait_closed()


asyncio.run(main())
