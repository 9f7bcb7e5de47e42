"""`select.select` and `select.poll`: what is ready, what never will be, and what is no descriptor."""

import os
import select
import socket

KNOWN = select.POLLIN | select.POLLOUT | select.POLLNVAL


def shown(poll, names, timeout=None):
    """By name and in order; how a connection ended is not told everywhere."""
    found = {names[number]: mask & KNOWN for number, mask in poll.poll(timeout)}
    print(sorted((name, mask) for name, mask in found.items() if mask))


def polls():
    one, other = socket.socketpair()
    reader, writer = os.pipe()
    names = {one.fileno(): "one", other.fileno(): "other", reader: "reader", writer: "writer"}
    poll = select.poll()
    poll.register(one, select.POLLIN)
    poll.register(reader, select.POLLIN)
    shown(poll, names, 0)
    shown(poll, names, 1.5)
    os.write(writer, b"x")
    shown(poll, names)
    other.send(b"y")
    poll.modify(one, select.POLLIN | select.POLLOUT)
    poll.register(writer)
    shown(poll, names, -1)
    poll.unregister(writer)
    poll.modify(reader, 0)
    one.recv(10)
    shown(poll, names)
    other.close()
    poll.modify(one, select.POLLIN)
    shown(poll, names)
    poll.register(12345)
    names[12345] = "nothing"
    shown(poll, names)
    for attempt in poll.unregister, lambda number: poll.modify(number, 1):
        try:
            attempt(54321)
        except (KeyError, OSError) as error:
            print(type(error).__name__)
    one.close()
    os.close(reader)
    os.close(writer)


def selects():
    one, other = socket.socketpair()
    print([len(files) for files in select.select([one, other], [one], [], 0)])
    print([len(files) for files in select.select([one], [], [one], 0.001)])
    one.send(b"x")
    print(select.select([one, other], [other], [])[0] == [other])
    one.close()
    gone, kept = os.pipe()
    os.close(gone)
    for wrong in ([one], [], []), ([gone, kept], [], [], 0), ([other], [], [], -1):
        try:
            select.select(*wrong)
        except (OSError, ValueError) as error:
            print(type(error).__name__)
    other.close()
    os.close(kept)


polls()
selects()
