"""Coroutines that wait for one another and use what the other returns.

    aio-host python examples/python/chain.py
"""

import asyncio


async def compute(x, y):
    print(f"compute {x} + {y}")
    await asyncio.sleep(0.01)
    return x + y


async def print_sum(x, y):
    result = await compute(x, y)
    print(f"{x} + {y} = {result}")
    return result


async def main():
    total = await print_sum(1, 2)
    total = await print_sum(total, 10)
    print("returned:", total)


asyncio.run(main())
