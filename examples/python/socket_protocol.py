"""A protocol on a socket that is connected already.

    aio-host python examples/python/socket_protocol.py
"""

import asyncio
from socket import socketpair


class Receiver(asyncio.Protocol):
    def __init__(self, loop):
        self.loop = loop

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        print("received:", data.decode())
        self.transport.close()

    def connection_lost(self, error):
        print("closed:", error)
        self.loop.stop()


reader, writer = socketpair()
loop = asyncio.new_event_loop()
loop.run_until_complete(loop.create_connection(lambda: Receiver(loop), sock=reader))
loop.call_soon(writer.send, b"abc")
loop.run_forever()
writer.close()
loop.close()
