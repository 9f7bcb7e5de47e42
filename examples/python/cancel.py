"""Tasks that are cancelled: before they begin, while they wait, and one that cleans up.

    aio-host python examples/python/cancel.py
"""

import asyncio


async def work(name, begun=None):
    print(name, "begins")
    try:
        if begun is not None:
            begun.set()
        await asyncio.sleep(1000)
    except asyncio.CancelledError as error:
        print(name, "was cancelled:", *error.args)
        raise
    finally:
        print(name, "cleans up")


async def ended(task):
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled:", task.cancelled())


async def main():
    print("before it begins")
    task = asyncio.create_task(work("never"))
    task.cancel()
    await ended(task)

    begun = asyncio.Event()
    task = asyncio.create_task(work("first", begun))
    await begun.wait()
    task.cancel("enough")
    await ended(task)

    begun.clear()
    task = asyncio.create_task(work("second", begun))
    await begun.wait()
    asyncio.get_running_loop().call_soon(task.cancel, "by a callback")
    await ended(task)
    print("again:", task.cancel())


asyncio.run(main())
