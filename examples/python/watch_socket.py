"""A callback for a socket that can be read, below all transports.

    aio-host python examples/python/watch_socket.py
"""

import asyncio
from socket import socketpair


def read(loop, reader):
    print("received:", reader.recv(100).decode())
    print("removed:", loop.remove_reader(reader))
    loop.stop()


reader, writer = socketpair()
loop = asyncio.new_event_loop()
loop.add_reader(reader, read, loop, reader)
loop.call_soon(writer.send, b"abc")
loop.run_forever()
reader.close()
writer.close()
loop.close()
