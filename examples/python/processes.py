"""Work for other cores, in processes of their own. In a guest they are workers of the host.

    aio-host python examples/python/processes.py
"""

import asyncio
from concurrent.futures import ProcessPoolExecutor


def primes(limit):
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, limit))


def fail():
    raise ValueError("in a worker")


async def main():
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(max_workers=2) as pool:
        jobs = [loop.run_in_executor(pool, primes, limit) for limit in (1000, 100, 10)]
        print("primes:", await asyncio.gather(*jobs))
        try:
            await loop.run_in_executor(pool, fail)
        except ValueError as error:
            print("failed:", error)


if __name__ == "__main__":
    asyncio.run(main())
