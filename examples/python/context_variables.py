"""Context variables: each task sees its own, callbacks that of who asked for them.

    aio-host python examples/python/context_variables.py
"""

import asyncio
from contextvars import ContextVar, copy_context

user = ContextVar("user", default="nobody")


async def serve(name):
    user.set(name)
    await asyncio.sleep(0)
    print("serve", user.get())


async def main():
    await asyncio.gather(serve("ada"), serve("grace"))
    print("outside:", user.get())
    loop = asyncio.get_running_loop()
    context = copy_context()
    context.run(user.set, "edith")
    loop.call_soon(lambda: print("callback:", user.get()), context=context)
    loop.call_soon(lambda: print("callback:", user.get()))
    await asyncio.sleep(0)
    task = loop.create_task(serve("joan"), context=context)
    await task
    print("in its context:", context[user])


asyncio.run(main())
