"""Three tasks that take turns.

    aio-host python examples/python/factorials.py
"""

import asyncio


async def factorial(name, number):
    result = 1
    for factor in range(2, number + 1):
        print(f"task {name}: compute factorial({factor})")
        await asyncio.sleep(0)
        result *= factor
    print(f"task {name}: factorial({number}) = {result}")
    return result


async def main():
    results = await asyncio.gather(factorial("A", 2), factorial("B", 3), factorial("C", 4))
    print("results:", results)


asyncio.run(main())
