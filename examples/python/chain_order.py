"""Steps that must follow one another: first a bug, tasks that nobody waits for, then the cure.

    aio-host python examples/python/chain_order.py
"""

import asyncio


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def create():
    await turns(9)
    print("(1) create the file")


async def write():
    await turns(3)
    print("(2) write into it")


async def close():
    print("(3) close it")


async def wrong():
    tasks = [asyncio.create_task(step()) for step in (create, write, close)]
    await tasks[1]
    return tasks


async def right():
    for step in create, write, close:
        await step()


async def main():
    print("wrong:")
    tasks = await wrong()
    print("pending:", [not task.done() for task in tasks])
    await tasks[0]
    print("right:")
    await right()


asyncio.run(main())
