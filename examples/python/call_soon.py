"""Callbacks, without a coroutine: each with the next turn of the loop.

    aio-host python examples/python/call_soon.py
"""

import asyncio
from functools import partial


def greet(loop):
    print("Hello World")
    loop.call_soon(partial(count, step=2), 1)
    never = loop.call_soon(print, "never")
    never.cancel()
    loop.call_soon(loop.stop)


def count(number, step):
    print("number", number, "step", step)


loop = asyncio.new_event_loop()
loop.call_soon(greet, loop)
loop.run_forever()
loop.close()
