"""A future: a result that is not there yet.

    aio-host python examples/python/future_result.py
"""

import asyncio


async def slow_operation(future):
    await asyncio.sleep(0.01)
    future.set_result("the future is done")


async def failing_operation(future):
    future.set_exception(ValueError("no result"))


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    print("done:", future.done())
    work = asyncio.create_task(slow_operation(future))
    print(await future)
    print("done:", future.done(), "result:", future.result())
    await work
    failing = loop.create_future()
    await failing_operation(failing)
    try:
        await failing
    except ValueError as error:
        print("failed:", error)


asyncio.run(main())
