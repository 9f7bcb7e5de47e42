"""Work given to others, threads and processes: results, failures, and a worker that dies."""

import asyncio
import concurrent.futures
import os
from concurrent.futures.process import BrokenProcessPool


def square(number):
    return number * number


def primes(limit):
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, limit))


def fail(number):
    raise ValueError(f"no luck with {number}")


def die(number):
    os._exit(number)


async def in_order(loop, pool):
    jobs = [loop.run_in_executor(pool, square, number) for number in range(10)]
    print("in order:", *await asyncio.gather(*jobs))


async def as_they_come(loop, pool):
    jobs = [loop.run_in_executor(pool, primes, limit) for limit in (3000, 100, 1000)]
    done, pending = await asyncio.wait(jobs)
    print("all came:", *sorted(job.result() for job in done), len(pending))


async def failing(loop, pool):
    jobs = [loop.run_in_executor(pool, job, 4) for job in (square, fail)]
    first, second = await asyncio.gather(*jobs, return_exceptions=True)
    print("failing:", first, second)


async def dying(loop):
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        try:
            print("lived:", await loop.run_in_executor(pool, die, 1))
        except BrokenProcessPool:
            print("the worker died")


async def given_up(loop, pool):
    job = asyncio.ensure_future(loop.run_in_executor(pool, primes, 20_000))
    job.cancel()
    await asyncio.wait([job])
    print("given up:", job.cancelled())


async def main():
    loop = asyncio.get_running_loop()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        await in_order(loop, pool)
        await as_they_come(loop, pool)
        await failing(loop, pool)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        await in_order(loop, pool)
        await failing(loop, pool)
        await dying(loop)
        await given_up(loop, pool)
        print("others live:", await loop.run_in_executor(pool, square, 12))
    print("in a thread:", await asyncio.to_thread(square, 7))


if __name__ == "__main__":
    asyncio.run(main())
