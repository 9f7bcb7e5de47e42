"""An exception that nobody asked for, a task that was dropped, and a handler that hears of both.

    aio-host python examples/python/never_retrieved.py
"""

import asyncio
import gc


def tell(loop, context):
    error = context.get("exception")
    print("handler:", context["message"], "|", repr(error))


async def bug():
    raise ValueError("not consumed")


async def kill_me(started):
    started.set_result(None)
    await asyncio.Future()


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(tell)
    task = asyncio.create_task(bug())
    await asyncio.sleep(0.001)
    del task
    gc.collect()
    started = loop.create_future()
    task = asyncio.create_task(kill_me(started))
    await started
    del task
    gc.collect()
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
    task = asyncio.create_task(bug())
    try:
        await task
    except ValueError as error:
        print("consumed:", error)


asyncio.run(main())
