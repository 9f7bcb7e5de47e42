"""Addresses of names: numbers, this machine, nobody, and wishes that contradict each other."""

import asyncio
import socket


def show(results):
    for family, kind, protocol, name, address in results:
        print(family.name, kind.name, protocol, repr(name), address[:2])


async def numbers(loop):
    show(await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
    show(await loop.getaddrinfo("::1", "443", type=socket.SOCK_DGRAM))
    show(await loop.getaddrinfo("10.1.2.3", 0))
    show(
        await loop.getaddrinfo(
            None, 8080, family=socket.AF_INET, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    )


async def this_machine(loop):
    found = await loop.getaddrinfo(
        "localhost", "http", family=socket.AF_INET, type=socket.SOCK_STREAM
    )
    print("localhost:", found[0][4])
    print("named:", socket.gethostbyname("localhost"))
    flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    print("numeric:", await loop.getnameinfo(("127.0.0.1", 80), flags))


async def failing(loop):
    wishes = [
        ("no-such-name.invalid", 80, {}),
        ("localhost", 80, {"flags": socket.AI_NUMERICHOST}),
        ("127.0.0.1", "no-such-service", {}),
        ("127.0.0.1", 80, {"family": socket.AF_INET6, "type": socket.SOCK_STREAM}),
        (None, None, {}),
    ]
    for host, port, more in wishes:
        try:
            print("found", await loop.getaddrinfo(host, port, **more))
        except socket.gaierror:
            print("no", host, port)


async def many(loop):
    found = await asyncio.gather(
        *(loop.getaddrinfo("localhost", port, family=socket.AF_INET) for port in range(1, 11))
    )
    print("many:", *(results[0][4][1] for results in found))


async def main():
    loop = asyncio.get_running_loop()
    await numbers(loop)
    await this_machine(loop)
    await failing(loop)
    await many(loop)


asyncio.run(main())
