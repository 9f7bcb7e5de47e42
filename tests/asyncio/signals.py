"""Signals heard one by one, no longer heard, and such as nobody can hear."""

import asyncio
import signal

HEARD = ("HUP", "USR1", "USR2", "WINCH", "INT", "TERM")


async def send(name):
    child = await asyncio.create_subprocess_exec("sh", "-c", f"kill -{name} $PPID")
    await child.wait()


async def heard(loop):
    queue = asyncio.Queue()
    for name in HEARD:
        number = getattr(signal, f"SIG{name}")
        loop.add_signal_handler(number, queue.put_nowait, f"{name} {int(number)}")
    for name in HEARD + HEARD[:1]:
        await send(name)
        print("got", await queue.get())
    print("left:", queue.qsize())
    for name in HEARD:
        loop.remove_signal_handler(getattr(signal, f"SIG{name}"))


async def two_at_once(loop):
    first, second = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, first.set)
    loop.add_signal_handler(signal.SIGUSR2, second.set)
    await asyncio.gather(send("USR1"), send("USR2"), first.wait(), second.wait())
    print("both came")


def replaced(loop):
    print("removed:", loop.remove_signal_handler(signal.SIGUSR1))
    print("removed again:", loop.remove_signal_handler(signal.SIGUSR1))


def refused(loop):
    for number in (signal.SIGKILL, signal.SIGSTOP, 0, 65, 1000):
        try:
            loop.add_signal_handler(number, print)
            print("heard", int(number))
        except (ValueError, RuntimeError):
            print("refused", int(number))


async def exit_when_asked(loop):
    asked = loop.create_future()
    for name in ("INT", "TERM"):
        loop.add_signal_handler(getattr(signal, f"SIG{name}"), asked.set_result, name)
    await send("TERM")
    print("asked by", await asked)


async def main():
    loop = asyncio.get_running_loop()
    await heard(loop)
    await two_at_once(loop)
    replaced(loop)
    refused(loop)
    await exit_when_asked(loop)


asyncio.run(main())
