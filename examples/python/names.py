"""Names to addresses and back, without stopping the loop.

    aio-host python --allow-net=localhost,127.0.0.1 examples/python/names.py
"""

import asyncio
import socket


async def main():
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        "localhost", 443, family=socket.AF_INET, type=socket.SOCK_STREAM
    )
    for family, kind, _, _, address in found:
        print("address:", family.name, kind.name, address)
    numeric = await loop.getaddrinfo("127.0.0.1", 80, proto=socket.IPPROTO_TCP)
    print("numeric:", numeric[0][4])
    flags = socket.NI_NUMERICSERV
    name, service = await loop.getnameinfo(("127.0.0.1", 443), flags)
    print("name:", name, service)
    flags |= socket.NI_NUMERICHOST
    print("numeric:", await loop.getnameinfo(("127.0.0.1", 443), flags))


asyncio.run(main())
