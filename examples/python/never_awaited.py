"""A coroutine that was called and never awaited: Python warns, in debug mode with the place.

    aio-host python -X dev examples/python/never_awaited.py
"""

import asyncio
import gc
import sys
import warnings


async def never():
    print("never runs")


async def main():
    warnings.simplefilter("always")
    with warnings.catch_warnings(record=True) as caught:
        never()
        gc.collect()
    for warning in caught:
        first, *place = str(warning.message).splitlines()
        print(warning.category.__name__, first)
        print("tells where it was made:", any("in main" in line for line in place))
    await asyncio.create_task(sleep_well())


async def sleep_well():
    print("this one runs")


print("development mode:", sys.flags.dev_mode)
asyncio.run(main())
