"""A loop with a selector of the program's choice; which loop a platform needs.

    aio-host python examples/python/select_loop.py
"""

import asyncio
import selectors
import sys


def new_loop():
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def main():
    loop = asyncio.get_running_loop()
    print("of selectors:", isinstance(loop, asyncio.SelectorEventLoop))
    print("debug:", loop.get_debug())
    await asyncio.sleep(0.001)
    return "done"


with asyncio.Runner(loop_factory=new_loop) as runner:
    print(runner.run(main()))
    print(runner.run(asyncio.sleep(0, "and again in the same loop")))
