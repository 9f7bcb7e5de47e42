"""An echo server by asyncio's protocols or streams, on its own loop or on that of uvloop."""

import asyncio
import sys


class Echo(asyncio.Protocol):
    """Writes back what it is sent."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def echo(reader, writer):
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main(kind):
    if kind == "streams":
        server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"listening on {host}:{port}", flush=True)
    await server.serve_forever()


if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.run(main(sys.argv[2]))
else:
    asyncio.run(main(sys.argv[2]))
