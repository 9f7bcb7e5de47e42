"""A clock made of a callback that calls itself again, until it stops the loop.

    aio-host python examples/python/clock_callbacks.py
"""

import asyncio


def tick(loop, left):
    print("left:", left)
    if left:
        loop.call_later(0.01, tick, loop, left - 1)
    else:
        loop.stop()


loop = asyncio.new_event_loop()
loop.call_soon(tick, loop, 5)
loop.run_forever()
loop.close()
