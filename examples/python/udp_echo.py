"""Datagrams, there and back.

    aio-host python --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 examples/python/udp_echo.py
"""

import asyncio


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        print("server: received", data.decode(), "from", peer[0])
        self.transport.sendto(data, peer)


class Client(asyncio.DatagramProtocol):
    def __init__(self, message, lost):
        self.message = message
        self.lost = lost

    def connection_made(self, transport):
        self.transport = transport
        print("client: send", self.message)
        transport.sendto(self.message.encode())

    def datagram_received(self, data, peer):
        print("client: received", data.decode())
        self.transport.close()

    def connection_lost(self, error):
        self.lost.set_result(error)


async def main():
    loop = asyncio.get_running_loop()
    listening, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    address = listening.get_extra_info("sockname")
    lost = loop.create_future()
    await loop.create_datagram_endpoint(
        lambda: Client("Hello World!", lost), remote_addr=address
    )
    print("client: closed", await lost)
    listening.close()


asyncio.run(main())
