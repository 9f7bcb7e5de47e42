"""What is called when a future is done, the last of it ending the loop.

    aio-host python examples/python/future_callbacks.py
"""

import asyncio
from functools import partial


async def slow_operation(future):
    await asyncio.sleep(0.01)
    future.set_result("done")


def tell(number, future):
    print("callback", number, "result", future.result())


def end(loop, future):
    print("stop the loop")
    loop.stop()


loop = asyncio.new_event_loop()
future = loop.create_future()
task = loop.create_task(slow_operation(future))
first = partial(tell, 1)
future.add_done_callback(first)
future.add_done_callback(partial(tell, 2))
print("removed:", future.remove_done_callback(first))
future.add_done_callback(partial(end, loop))
try:
    loop.run_forever()
finally:
    loop.run_until_complete(task)
    loop.close()
