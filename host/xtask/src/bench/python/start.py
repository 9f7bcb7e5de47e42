"""Is ready in the first line of `asyncio.run`."""

import asyncio


async def main():
    print("ready", flush=True)
    await asyncio.sleep(60)


asyncio.run(main())
