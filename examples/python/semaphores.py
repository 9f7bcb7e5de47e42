"""A semaphore: so many at a time; and a barrier, where all wait for all.

    aio-host python examples/python/semaphores.py
"""

import asyncio


async def visitor(name, room, inside):
    async with room:
        inside.add(name)
        print(name, "enters, inside:", len(inside))
        await asyncio.sleep(0)
        inside.remove(name)


async def runner(name, line):
    print(name, "is at the line")
    place = await line.wait()
    return name, place < 3


async def main():
    inside = set()
    room = asyncio.Semaphore(2)
    await asyncio.gather(*(visitor(name, room, inside) for name in "abcde"))
    bounded = asyncio.BoundedSemaphore(1)
    try:
        bounded.release()
    except ValueError as error:
        print("error:", error)
    line = asyncio.Barrier(3)
    print(await asyncio.gather(*(runner(name, line) for name in "xyz")))


asyncio.run(main())
