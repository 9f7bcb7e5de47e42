"""Handlers of signals, and the end of the program by SIGTERM.

    aio-host python --allow-signal=USR1,INT,TERM examples/python/signals.py
"""

import asyncio
import signal


async def main():
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, print, "got USR1")
    for number in signal.SIGINT, signal.SIGTERM:
        loop.add_signal_handler(number, ended.set_result, number.name)
    # Another process would send them: kill -USR1 PID.
    loop.call_soon(signal.raise_signal, signal.SIGUSR1)
    loop.call_later(0.01, signal.raise_signal, signal.SIGTERM)
    print("ended by", await ended)
    print("removed:", loop.remove_signal_handler(signal.SIGUSR1))


asyncio.run(main())
