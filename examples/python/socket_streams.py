"""Streams on sockets that are connected already.

    aio-host python examples/python/socket_streams.py
"""

import asyncio
from socket import socketpair


async def main():
    one, other = socketpair()
    reader, writer = await asyncio.open_connection(sock=one)
    asyncio.get_running_loop().call_soon(other.send, b"one line\nand a half")
    print("line:", (await reader.readline()).decode().rstrip())
    other.close()
    print("rest:", (await reader.read()).decode())
    print("at the end:", reader.at_eof())
    writer.close()
    await writer.wait_closed()


asyncio.run(main())
