"""A lock: one at a time, in the order in which they came.

    aio-host python examples/python/locks.py
"""

import asyncio


async def worker(name, lock):
    print(name, "waits")
    async with lock:
        print(name, "has the lock")
        await asyncio.sleep(0.001)
        print(name, "gives it back")


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    print("locked:", lock.locked())
    workers = [asyncio.create_task(worker(name, lock)) for name in ("one", "two", "three")]
    await asyncio.sleep(0)
    lock.release()
    await asyncio.gather(*workers)
    print("locked:", lock.locked())
    try:
        lock.release()
    except RuntimeError as error:
        print("error:", error)


asyncio.run(main())
