"""A coroutine as a generator, which is what coroutines were before `async def`.

    aio-host python examples/python/generators.py
"""

import asyncio
import types


@types.coroutine
def outer():
    print("outer begins")
    first = yield from inner("one")
    second = yield from inner("two")
    return first, second


@types.coroutine
def inner(name):
    print("inner", name)
    # A bare yield gives the loop a turn.
    yield
    return name.upper()


async def main():
    print("results:", await outer())


asyncio.run(main())
