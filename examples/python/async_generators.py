"""Generators and comprehensions that wait.

    aio-host python examples/python/async_generators.py
"""

import asyncio


async def ticker(delay, to):
    try:
        for number in range(to):
            yield number
            await asyncio.sleep(delay)
    finally:
        print("ticker ends")


async def main():
    async for number in ticker(0.001, 3):
        print("tick", number)
    print("even:", [number async for number in ticker(0.001, 6) if number % 2 == 0])
    print("squares:", {number: number**2 async for number in ticker(0, 4)})
    print("awaited:", [await asyncio.sleep(0, name) for name in "abc"])
    endless = ticker(0, 1_000_000)
    async for number in endless:
        if number == 2:
            break
    await endless.aclose()


asyncio.run(main())
