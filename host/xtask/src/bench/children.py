"""Children and signals on the loop of asyncio: what the guest bench_children does."""

import asyncio
import os
import signal
import sys
import time


async def spawn(at_once, seconds):
    ready()
    start = time.monotonic()
    ended = 0

    async def one_after_the_other():
        nonlocal ended
        while True:
            child = await asyncio.create_subprocess_exec("/bin/true")
            await child.wait()
            ended += 1
            if time.monotonic() - start >= seconds:
                break

    await asyncio.gather(*(one_after_the_other() for _ in range(int(at_once))))
    rate(ended / (time.monotonic() - start))


async def children(count):
    ready()
    start = time.monotonic()
    running = [
        await asyncio.create_subprocess_exec("/bin/sleep", "1000")
        for _ in range(int(count))
    ]
    for child in running:
        child.kill()
    await asyncio.gather(*(child.wait() for child in running))
    rate(count / (time.monotonic() - start))
    await asyncio.Event().wait()


async def signals():
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGUSR1, os.write, 1, b"signal\n"
    )
    ready()
    await asyncio.Event().wait()


def ready():
    print("ready", flush=True)


def rate(number):
    print(f"rate {number}", flush=True)


def main(what, *numbers):
    measurements = {"spawn": spawn, "children": children, "signal": signals}
    asyncio.run(measurements[what](*(float(number) for number in numbers)))


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    main(name, *rest)
