"""An event that wakes all who wait for it.

    aio-host python examples/python/events.py
"""

import asyncio


async def waiter(name, event):
    print(name, "waits")
    await event.wait()
    print(name, "goes on")


async def main():
    event = asyncio.Event()
    waiters = [asyncio.create_task(waiter(name, event)) for name in ("one", "two")]
    asyncio.get_running_loop().call_later(0.01, event.set)
    await asyncio.gather(*waiters)
    print("set:", event.is_set())
    await waiter("three", event)


asyncio.run(main())
