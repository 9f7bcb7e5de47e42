"""Callbacks after a delay, and at a time of the loop's own clock.

    aio-host python examples/python/call_later.py
"""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    begin = loop.time()
    loop.call_at(begin + 0.03, done.set_result, "all called")
    loop.call_at(begin + 0.02, print, "at two")
    loop.call_later(0.01, print, "after one")
    loop.call_soon(print, "soon")
    late = loop.call_later(1000, print, "never")
    print("in the future:", late.when() > begin + 999)
    late.cancel()
    print(await done)
    print("not early:", loop.time() - begin >= 0.03)


asyncio.run(main())
