"""A policy of the program's own, as programs had them before `loop_factory`.

    aio-host python -W ignore::DeprecationWarning examples/python/loop_policy.py
"""

import asyncio


class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        print("a new loop")
        return super().new_event_loop()


async def main():
    print("in the loop:", isinstance(asyncio.get_event_loop_policy(), Policy))


asyncio.set_event_loop_policy(Policy())
asyncio.run(main())
asyncio.set_event_loop_policy(None)
