"""How long something may take, and work that goes on all the same.

    aio-host python examples/python/timeouts.py
"""

import asyncio


async def slow():
    try:
        await asyncio.sleep(1000)
    finally:
        print("slow work is cancelled")


async def useful(done):
    await done.wait()
    return "useful"


async def main():
    print("in time:", await asyncio.wait_for(asyncio.sleep(0, "quick"), timeout=1000))
    try:
        await asyncio.wait_for(slow(), timeout=0.01)
    except TimeoutError:
        print("wait_for: too late")
    try:
        async with asyncio.timeout(0.01) as limit:
            await slow()
    except TimeoutError:
        print("timeout: expired", limit.expired())
    async with asyncio.timeout(None) as limit:
        print("no limit:", limit.when())
        limit.reschedule(asyncio.get_running_loop().time() + 1000)

    done = asyncio.Event()
    task = asyncio.create_task(useful(done))
    try:
        await asyncio.wait_for(asyncio.shield(task), timeout=0.01)
    except TimeoutError:
        print("shielded: cancelled", task.cancelled())
    done.set()
    print("and ends:", await task)


asyncio.run(main())
