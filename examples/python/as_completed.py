"""Results as they come.

    aio-host python examples/python/as_completed.py
"""

import asyncio


async def phase(number):
    await asyncio.sleep(0.02 - 0.01 * number)
    return f"phase {number}"


async def main():
    phases = [phase(number) for number in range(3)]
    for next_one in asyncio.as_completed(phases):
        print("came:", await next_one)
    try:
        for next_one in asyncio.as_completed([asyncio.sleep(1000)], timeout=0.01):
            await next_one
    except TimeoutError:
        print("the last came too late")


asyncio.run(main())
