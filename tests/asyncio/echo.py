"""A server and its clients over streams: lines, much at once, ends, and an address nobody has."""

import asyncio

LIMIT = 1 << 22


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.write(b"bye\n")
    writer.close()
    await writer.wait_closed()


async def talk(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for word in ("one", "two"):
        writer.write(f"{word}\n".encode())
        print("answer:", (await reader.readline()).decode().rstrip())
    writer.write_eof()
    print("rest:", await reader.read(), reader.at_eof())
    writer.close()
    await writer.wait_closed()


async def many(port):
    async def one(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.writelines([b"x" * 1000 * number, b"\n"])
        line = await reader.readline()
        writer.write_eof()
        await reader.read()
        writer.close()
        return len(line)

    print("many:", *await asyncio.gather(*(one(number) for number in range(1, 21))))


async def large(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LIMIT)
    sent = b"y" * 3_000_000 + b"\n"
    writer.write(sent)
    line, _ = await asyncio.gather(reader.readline(), writer.drain())
    print("large:", line == sent.upper())
    writer.write_eof()
    await reader.read()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=LIMIT)
    port = server.sockets[0].getsockname()[1]
    await talk(port)
    await many(port)
    await large(port)
    server.close()
    await server.wait_closed()
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        print("refused")


asyncio.run(main())
