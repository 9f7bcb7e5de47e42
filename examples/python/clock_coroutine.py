"""The same clock as a coroutine, with another that works in the meantime.

    aio-host python examples/python/clock_coroutine.py
"""

import asyncio


async def clock(ticks):
    for left in range(ticks, -1, -1):
        print("left:", left)
        await asyncio.sleep(0.01)


async def work(until):
    turns = 0
    while not until.done():
        turns += 1
        await asyncio.sleep(0)
    return turns


async def main():
    ticking = asyncio.create_task(clock(5))
    turns = await work(ticking)
    print("worked meanwhile:", turns > 5)


asyncio.run(main())
