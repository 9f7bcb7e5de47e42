"""TLS that starts in the middle of a conversation, on both sides, and TLS by callbacks."""

import asyncio
import ssl
import sys

FOLDER = sys.argv[1]
NAME = "server.example"

SERVER = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
SERVER.load_cert_chain(f"{FOLDER}/server.pem", f"{FOLDER}/server.key")
CLIENT = ssl.create_default_context(cafile=f"{FOLDER}/ca.pem")


async def serve(reader, writer):
    print("server:", await reader.readline())
    writer.write(b"go on\n")
    await writer.drain()
    await writer.start_tls(SERVER)
    print("server:", await reader.readline())
    writer.write(b"secret\n")
    print("rest:", await reader.read())
    writer.close()


async def upgrade():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"starttls\n")
    print("client:", await reader.readline())
    await writer.start_tls(CLIENT, server_hostname=NAME)
    print("version:", writer.get_extra_info("ssl_object").version())
    writer.write(b"hello\n")
    print("client:", await reader.readline())
    print("half:", writer.can_write_eof())
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


class Talker(asyncio.Protocol):
    def __init__(self, name):
        self.name = name
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        print(self.name, "is connected by", transport.get_extra_info("cipher")[1])

    def eof_received(self):
        print(self.name, "has an end")

    def connection_lost(self, error):
        self.done.set_result(error)


class Counter(Talker):
    received = 0

    def data_received(self, data):
        self.received += len(data)
        if self.received == 1_000_000:
            self.transport.write(b"that is all")


class Sender(Talker):
    paused = False

    def connection_made(self, transport):
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=10_000)
        transport.write(b"z" * 1_000_000)

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        print("resumed:", self.paused)

    def data_received(self, data):
        print("sender:", data)
        self.transport.close()


async def callbacks():
    loop = asyncio.get_running_loop()
    counters = []

    def factory():
        counters.append(Counter("counter"))
        return counters[0]

    server = await loop.create_server(factory, "127.0.0.1", 0, ssl=SERVER)
    port = server.sockets[0].getsockname()[1]
    _, sender = await loop.create_connection(
        lambda: Sender("sender"), "127.0.0.1", port, ssl=CLIENT, server_hostname=NAME
    )
    print("lost:", await sender.done, await counters[0].done, counters[0].received)
    server.close()


async def silent():
    async def wait(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        await asyncio.open_connection(
            "127.0.0.1", port, ssl=CLIENT, server_hostname=NAME, ssl_handshake_timeout=0.2
        )
    except ConnectionAbortedError as error:
        print("silent:", error)
    server.close()


async def main():
    await upgrade()
    await callbacks()
    await silent()


asyncio.run(main())
