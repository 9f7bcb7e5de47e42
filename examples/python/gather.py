"""Results in the order of the questions, whichever came first.

    aio-host python examples/python/gather.py
"""

import asyncio


async def say(what, when):
    await asyncio.sleep(when)
    print(what)
    return what.upper()


async def fail():
    raise ValueError("no answer")


async def main():
    results = await asyncio.gather(say("third", 0.03), say("first", 0), say("second", 0.015))
    print("results:", results)
    results = await asyncio.gather(say("fourth", 0), fail(), return_exceptions=True)
    print("with failures:", results)
    try:
        await asyncio.gather(fail(), say("fifth", 0))
    except ValueError as error:
        print("failed:", error)


asyncio.run(main())
