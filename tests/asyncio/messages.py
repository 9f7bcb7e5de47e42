"""What sockets do beyond sending and receiving: messages in pieces, looking ahead, options, files
that are sent, epoll, names of old. The directory is the first argument."""

import array
import asyncio
import errno
import os
import select
import socket
import struct
import sys
import tempfile


def refused(call, *args):
    try:
        call(*args)
    except (OSError, ValueError) as error:
        print(type(error).__name__)


def streams():
    near, far = socket.socketpair()
    with near, far:
        print(near.sendmsg([b"one", memoryview(b"two"), bytearray(b"three")]))
        print(far.recv(3, socket.MSG_PEEK), far.recv(100, socket.MSG_PEEK))
        print(select.select([far], [], [], 0)[0] == [far], far.recv(5))
        first, second = bytearray(2), bytearray(4)
        print(far.recvmsg_into([first, second])[0], first, second)
        refused(far.recv, 1, socket.MSG_DONTWAIT)
        near.send(b"a")
        near.send(b"b")
        print(far.recv(2, socket.MSG_WAITALL), far.gettimeout())
        near.send(b"peeked")
        print(far.recv(2, socket.MSG_PEEK), far.recvmsg(2), os.read(far.fileno(), 10))
        near.shutdown(socket.SHUT_WR)
        print(far.recv(5, socket.MSG_PEEK), far.recvmsg(5))
        print(struct.unpack("3i", far.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1:])


def again():
    with socket.socket() as near, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = listener.getsockname()
        print(errno.errorcode[near.connect_ex(address)])
        listener.listen()
        print(near.connect_ex(address), errno.errorcode[near.connect_ex(address)])
        refused(near.recv_into, bytearray(2), 3)
        refused(near.recvfrom_into, bytearray(2), -1)


def datagrams():
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        near.sendmsg([b"four", b"ty"])
        near.send(b"second")
        print(far.recv(2, socket.MSG_PEEK), far.recvmsg(10, 0, socket.MSG_PEEK)[0])
        data, others, flags, _ = far.recvmsg(4)
        print(data, others, flags == socket.MSG_TRUNC, far.recvfrom(10)[0])


async def ahead():
    loop = asyncio.get_running_loop()
    near, far = socket.socketpair()
    with near, far:
        far.setblocking(False)
        near.send(b"ready")
        print(far.recv(1, socket.MSG_PEEK), await loop.sock_recv(far, 100))
        near.send(b"again")
        print(far.recv(1, socket.MSG_PEEK))
        reader, writer = await asyncio.open_connection(sock=far.dup())
        print(await reader.readexactly(5))
        writer.close()
        await writer.wait_closed()


async def files(folder):
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(range(256)) * 4000)
        file.seek(10)
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            far.setblocking(False)

            async def drain():
                total = b""
                while piece := await loop.sock_recv(far, 1 << 16):
                    total += piece
                return total

            task = asyncio.create_task(drain())
            print(await loop.sock_sendfile(near, file, 10, 500_000), file.tell())
            print(await loop.sock_sendfile(near, file), file.tell())
            near.shutdown(socket.SHUT_WR)
            total = await task
            print(len(total), total[:3])
        near, far = socket.socketpair()
        with near, far:
            file.seek(0)
            print(os.sendfile(near.fileno(), file.fileno(), None, 5), file.tell(), far.recv(10))
            print(near.sendfile(file, 1000, 20), far.recv(100) == (bytes(range(256)) * 5)[1000:1020])


def multicast():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 3)
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, b"\0")
        print(udp.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL))
        print(udp.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP))


def names():
    found = socket.getaddrinfo("127.0.0.1", 80, flags=socket.AI_CANONNAME, type=socket.SOCK_STREAM)
    print(found[0][3:])
    print(socket.CMSG_LEN(4), socket.CMSG_SPACE(4))
    print(errno.errorcode[errno.EHOSTDOWN])


async def polls():
    near, far = socket.socketpair()
    with near, far, select.epoll() as poll:
        poll.register(near, select.EPOLLIN)
        refused(poll.register, near, select.EPOLLIN)
        print(poll.poll(0))
        far.send(b"x")
        print(poll.poll() == [(near.fileno(), select.EPOLLIN)])
        poll.modify(near, select.EPOLLIN | select.EPOLLOUT | select.EPOLLONESHOT)
        print(poll.poll(1, 5)[0][1] & ~select.EPOLLONESHOT, poll.poll(0))
        poll.unregister(near)
        refused(poll.unregister, near)
        refused(poll.modify, near, 1)
    refused(poll.poll)


streams()
again()
datagrams()
asyncio.run(ahead())
asyncio.run(files(sys.argv[1]))
multicast()
names()
asyncio.run(polls())
