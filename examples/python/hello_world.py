"""A coroutine that greets, waits and goes on.

    aio-host python examples/python/hello_world.py
"""

import asyncio


async def main():
    print("Hello ...")
    await asyncio.sleep(0.01)
    print("... World!")


asyncio.run(main())
