"""Queues between producers and consumers: first in, by priority, last in.

    aio-host python examples/python/queues.py
"""

import asyncio


async def producer(queue):
    for number in range(5):
        await queue.put(number)
        print("put", number, "full:", queue.full())
    print("producer ends")


async def consumer(queue):
    while True:
        number = await queue.get()
        print("took", number)
        queue.task_done()


async def ordered(queue):
    for priority in 3, 1, 2:
        queue.put_nowait(priority)
    return [await queue.get() for _ in range(3)]


async def main():
    queue = asyncio.Queue(maxsize=2)
    consuming = asyncio.create_task(consumer(queue))
    await producer(queue)
    await queue.join()
    print("all taken")
    consuming.cancel()
    try:
        queue.get_nowait()
    except asyncio.QueueEmpty:
        print("empty")
    print("by priority:", await ordered(asyncio.PriorityQueue()))
    print("last in, first out:", await ordered(asyncio.LifoQueue()))


asyncio.run(main())
