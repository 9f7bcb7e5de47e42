"""Calls that would stop the loop, given to an executor. In a guest they are done in between.

    aio-host python examples/python/threads.py
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor


def block(number):
    time.sleep(0.001)
    return number**2


def fail():
    raise ValueError("in the executor")


async def main():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=3) as executor:
        jobs = [loop.run_in_executor(executor, block, number) for number in range(6)]
        print("results:", await asyncio.gather(*jobs))
    print("in a thread:", await asyncio.to_thread(block, 12))
    try:
        await loop.run_in_executor(None, fail)
    except ValueError as error:
        print("failed:", error)


asyncio.run(main())
