"""Tasks and time: what comes first, what is given up, what is cancelled, and who hears of it."""

import asyncio
import contextlib


async def order():
    loop = asyncio.get_running_loop()
    seen = []
    loop.call_later(0.06, seen.append, "later")
    loop.call_later(0.02, seen.append, "sooner")
    loop.call_later(0.04, seen.append, "never").cancel()
    loop.call_soon(seen.append, "soon")
    loop.call_soon_threadsafe(seen.append, "from elsewhere")
    await asyncio.sleep(0.1)
    print("order:", *seen)


async def slept():
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.sleep(0.05)
    print("slept long enough:", loop.time() - start >= 0.05)


async def given_up():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.02)
    except asyncio.TimeoutError:
        print("given up")
    try:
        async with asyncio.timeout(0.02) as limit:
            await asyncio.sleep(60)
    except TimeoutError:
        print("given up, expired:", limit.expired())
    async with asyncio.timeout(60) as limit:
        await asyncio.sleep(0)
    print("in time, expired:", limit.expired())


async def cancelled():
    async def work():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print("told to stop")
            raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    print("cancelled:", task.cancelled())


async def shielded():
    inner = asyncio.create_task(asyncio.sleep(0.03, "whole"))
    try:
        await asyncio.wait_for(asyncio.shield(inner), 0.01)
    except asyncio.TimeoutError:
        print("outer gave up, inner:", await inner)


async def groups():
    async def fail(after):
        await asyncio.sleep(after)
        raise ValueError(f"after {after}")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(0.01))
            other = group.create_task(asyncio.sleep(60))
    except* ValueError as errors:
        print("group:", *errors.exceptions, "other:", other.cancelled())
    results = await asyncio.gather(fail(0), asyncio.sleep(0, 7), return_exceptions=True)
    print("gather:", *map(repr, results))


async def produced():
    queue = asyncio.Queue(2)

    async def produce():
        for number in range(6):
            await queue.put(number)
        await queue.put(None)

    task = asyncio.create_task(produce())
    taken = []
    while (item := await queue.get()) is not None:
        taken.append(item)
    await task
    print("queue:", *taken)


async def locked():
    lock, inside, most = asyncio.Semaphore(2), 0, 0

    async def enter():
        nonlocal inside, most
        async with lock:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(10)))
    print("at most:", most)


async def main():
    await order()
    await slept()
    await given_up()
    await cancelled()
    await shielded()
    await groups()
    await produced()
    await locked()


asyncio.run(main())
print("a second loop:", asyncio.run(asyncio.sleep(0, "runs")))
