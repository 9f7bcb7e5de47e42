"""Debug mode: slow callbacks, and calls from where they may not come, are told.

    aio-host python examples/python/debug_mode.py
"""

import asyncio
import logging
import re
import sys
import time


async def slow():
    time.sleep(0.05)


class Steps(logging.Handler):
    def emit(self, record):
        text = re.sub(r"[\d.]+ seconds", "N seconds", record.getMessage())
        if "took" in text:
            print(record.levelname, "names slow:", "slow()" in text, text[text.index("took") :])


async def main():
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 0.04
    print("debug:", loop.get_debug())
    await asyncio.create_task(slow())
    print("origins are traced:", sys.get_coroutine_origin_tracking_depth() > 0)


logger = logging.getLogger("asyncio")
logger.addHandler(Steps())
logger.propagate = False
asyncio.run(main(), debug=True)
