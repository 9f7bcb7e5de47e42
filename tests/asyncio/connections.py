"""Connections by callbacks and by the loop's own calls: addresses, flow control, what is lost."""

import asyncio
import socket


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def eof_received(self):
        return False


class Client(asyncio.Protocol):
    def __init__(self, loop):
        self.lost = loop.create_future()
        self.received = 0
        self.paused = 0
        self.events = []

    def connection_made(self, transport):
        self.transport = transport
        self.events.append("made")

    def data_received(self, data):
        self.received += len(data)

    def pause_writing(self):
        self.paused += 1

    def resume_writing(self):
        self.paused -= 1

    def eof_received(self):
        self.events.append("end")

    def connection_lost(self, error):
        self.events.append("lost")
        self.lost.set_result(error)


async def by_callbacks(loop, port):
    transport, client = await loop.create_connection(lambda: Client(loop), "127.0.0.1", port)
    print("peer:", transport.get_extra_info("peername") == ("127.0.0.1", port))
    transport.write(bytes(4_000_000))
    transport.write_eof()
    print("error:", await client.lost)
    print("events:", *client.events, client.received, "paused:", client.paused)


async def aborted(loop, port):
    transport, client = await loop.create_connection(lambda: Client(loop), "127.0.0.1", port)
    transport.abort()
    print("aborted:", await client.lost, *client.events)


async def by_sockets(loop):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with socket.socket() as client:
            client.setblocking(False)
            accepting = asyncio.create_task(loop.sock_accept(listener))
            await loop.sock_connect(client, listener.getsockname())
            accepted, address = await accepting
            print("same address:", address == client.getsockname())
            with accepted:
                await talk(loop, client, accepted)


async def talk(loop, client, accepted):
    await loop.sock_sendall(client, b"hello")
    print("received:", await loop.sock_recv(accepted, 100))
    buffer = bytearray(3)
    await loop.sock_sendall(accepted, b"abc")
    print("into:", await loop.sock_recv_into(client, buffer), bytes(buffer))
    try:
        await asyncio.wait_for(loop.sock_recv(client, 1), 0.02)
    except asyncio.TimeoutError:
        print("nothing came")
    accepted.shutdown(socket.SHUT_WR)
    print("end:", await loop.sock_recv(client, 100))


async def refused(loop):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    try:
        await loop.create_connection(asyncio.Protocol, *address)
    except ConnectionRefusedError as error:
        print("refused:", type(error).__name__)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        await by_callbacks(loop, port)
        await aborted(loop, port)
    await by_sockets(loop)
    await refused(loop)
    print("serving:", server.is_serving())


asyncio.run(main())
