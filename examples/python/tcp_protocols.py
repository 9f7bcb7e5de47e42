r"""An echo server and its client, both as protocols.

    aio-host python --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 \
        examples/python/tcp_protocols.py
"""

import asyncio


class EchoServer(asyncio.Protocol):
    def connection_made(self, transport):
        print("server: connection from", transport.get_extra_info("peername")[0])
        self.transport = transport

    def data_received(self, data):
        print("server: send back", data.decode())
        self.transport.write(data)
        self.transport.close()

    def connection_lost(self, error):
        print("server: closed", error)


class EchoClient(asyncio.Protocol):
    def __init__(self, message, lost):
        self.message = message
        self.lost = lost

    def connection_made(self, transport):
        transport.write(self.message.encode())

    def data_received(self, data):
        print("client: received", data.decode())

    def eof_received(self):
        print("client: the server sends no more")

    def connection_lost(self, error):
        self.lost.set_result(error)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(EchoServer, "127.0.0.1", 0)
    async with server:
        print("serving:", server.is_serving())
        lost = loop.create_future()
        address = server.sockets[0].getsockname()
        await loop.create_connection(lambda: EchoClient("Hello World!", lost), *address)
        print("client: closed", await lost)
    print("serving:", server.is_serving())


asyncio.run(main())
