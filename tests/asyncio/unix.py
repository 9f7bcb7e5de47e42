"""Unix sockets by name: streams, a file that is left and taken over, datagrams, and the blocking
calls. The directory is the first argument."""

import asyncio
import os
import socket
import stat
import sys

FOLDER = sys.argv[1]


def place(name):
    return os.path.join(FOLDER, name)


def remove(path):
    """Since Python 3.13 the server has done so."""
    if os.path.exists(path):
        os.unlink(path)


async def shout(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def ask(path, line):
    reader, writer = await asyncio.open_unix_connection(path)
    print("peer:", os.path.basename(writer.get_extra_info("peername")))
    print("own:", repr(writer.get_extra_info("sockname")))
    writer.write(line)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def streams():
    path = place("streams")
    async with await asyncio.start_unix_server(shout, path) as server:
        print("a socket:", stat.S_ISSOCK(os.stat(path).st_mode))
        print("listens:", os.path.basename(server.sockets[0].getsockname()))
        answers = await asyncio.gather(*(ask(path, b"line %d\n" % n) for n in range(3)))
        print(sorted(answers))
        try:
            await asyncio.start_unix_server(shout, place("missing/folder"))
        except OSError as error:
            print(type(error).__name__)
    remove(path)
    try:
        await ask(path, b"")
    except OSError as error:
        print(type(error).__name__)


async def stays():
    path = place("stays")
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(path)
    print("left:", stat.S_ISSOCK(os.stat(path).st_mode))
    try:
        await asyncio.open_unix_connection(path)
    except OSError as error:
        print(type(error).__name__)
    server = await asyncio.start_unix_server(shout, path)
    print("again:", await ask(path, b"x\n"))
    server.close()
    await server.wait_closed()
    remove(path)


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        print("from:", address and os.path.basename(address))
        self.transport.sendto(data[::-1], address)


class Client(asyncio.DatagramProtocol):
    def __init__(self, received):
        self.received = received

    def datagram_received(self, data, address):
        self.received.set_result((data, os.path.basename(address)))


async def datagrams():
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(
        Echo, local_addr=place("server"), family=socket.AF_UNIX
    )
    received = loop.create_future()
    client, _ = await loop.create_datagram_endpoint(
        lambda: Client(received), local_addr=place("client"), remote_addr=place("server"),
        family=socket.AF_UNIX,
    )
    print("peer:", os.path.basename(client.get_extra_info("peername")))
    client.sendto(b"datagram")
    print(await received)
    client.close()
    server.close()
    await asyncio.sleep(0)
    for name in "server", "client":
        os.unlink(place(name))


def blocking():
    path = place("blocking")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as near:
        try:
            listener.listen()
        except OSError as error:
            print(type(error).__name__)
        listener.bind(path)
        try:
            near.connect(path)
        except OSError as error:
            print(type(error).__name__)
        listener.listen(1)
        near.connect(path)
        far, address = listener.accept()
        with far:
            print(repr(address), os.path.basename(far.getsockname()))
            near.sendall(b"bytes")
            print(far.recv(100))
        print(near.recv(1))
        for again in listener, near:
            try:
                again.bind(path)
            except OSError as error:
                print(type(error).__name__)
    print("left:", os.path.exists(path))
    os.unlink(path)


def blocking_datagrams():
    path = place("blocking")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        server.bind(path)
        client.sendto(b"", path)
        client.connect(path)
        client.send(b"connected")
        print(server.recvfrom(100), server.recvfrom(4))
    os.unlink(path)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        near.send(b"one")
        near.send(b"two")
        print(far.recv(10), far.recv(10), near.getsockname(), near.getpeername())


asyncio.run(streams())
asyncio.run(stays())
asyncio.run(datagrams())
blocking()
blocking_datagrams()
