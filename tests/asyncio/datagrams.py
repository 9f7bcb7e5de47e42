"""Datagrams: an echo, one that is connected, and one by plain sockets."""

import asyncio
import socket


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data.upper(), address)


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = asyncio.Queue()

    def datagram_received(self, data, address):
        self.received.put_nowait((data, address))


async def main():
    loop = asyncio.get_running_loop()
    local = ("127.0.0.1", 0)
    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=local)
    address = server.get_extra_info("sockname")
    transport, client = await loop.create_datagram_endpoint(Client, remote_addr=address)
    for size in (1, 1000, 9000):
        transport.sendto(b"a" * size)
        data, sender = await client.received.get()
        print("came back:", data == b"A" * size, sender == address)
    transport.close()
    with socket.socket(type=socket.SOCK_DGRAM) as plain:
        plain.setblocking(False)
        plain.bind(local)
        await loop.sock_sendto(plain, b"plain", address)
        print("plain:", (await loop.sock_recvfrom(plain, 100))[0])
    server.close()


asyncio.run(main())
