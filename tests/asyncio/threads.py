"""Work given to an executor of threads: results, failures, and what is given up."""

import asyncio
import concurrent.futures
import contextvars
import threading

NAME = contextvars.ContextVar("name")


def square(number):
    return number * number


def fail(number):
    raise ValueError(f"no luck with {number}")


async def main():
    loop = asyncio.get_running_loop()
    print("default:", await loop.run_in_executor(None, square, 5))
    NAME.set("context")
    print("in a thread:", await asyncio.to_thread(NAME.get))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = [loop.run_in_executor(pool, square, number) for number in range(10)]
        print("in order:", *await asyncio.gather(*jobs))
        jobs = [loop.run_in_executor(pool, job, 4) for job in (square, fail)]
        print("failing:", *await asyncio.gather(*jobs, return_exceptions=True))
        print("mapped:", *pool.map(square, range(5)))
        print("asked:", pool.submit(square, 9).result())
        jobs = [pool.submit(square, 3) for _ in range(2)]
        print("completed:", *(job.result() for job in concurrent.futures.as_completed(jobs)))
    print("in vain:", threading.Event().wait(0.01))


asyncio.run(main())
with concurrent.futures.ThreadPoolExecutor() as pool:
    print("without a loop:", *pool.map(square, range(4)))
