"""A condition: some of those who wait are told, then all.

    aio-host python examples/python/conditions.py
"""

import asyncio


async def consumer(name, condition):
    async with condition:
        print(name, "waits")
        await condition.wait()
        print(name, "was told")


async def buyer(shelf, condition):
    async with condition:
        await condition.wait_for(lambda: len(shelf) >= 2)
        print("bought:", shelf)


async def main():
    condition = asyncio.Condition()
    consumers = [asyncio.create_task(consumer(number, condition)) for number in range(5)]
    await asyncio.sleep(0.01)
    for count in 1, 2:
        async with condition:
            print("tell", count)
            condition.notify(count)
        await asyncio.sleep(0.01)
    async with condition:
        print("tell all")
        condition.notify_all()
    await asyncio.gather(*consumers)

    shelf = []
    buying = asyncio.create_task(buyer(shelf, condition))
    for thing in "bread", "milk":
        await asyncio.sleep(0)
        async with condition:
            shelf.append(thing)
            condition.notify_all()
    await buying


asyncio.run(main())
