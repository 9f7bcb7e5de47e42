"""What an event loop does by itself, many times: says `ready`, and then the rate."""

import asyncio
import sys
import time

BATCH = 1000


async def call_soon(until):
    loop = asyncio.get_running_loop()
    done = 0
    while time.perf_counter() < until:
        called = loop.create_future()
        for _ in range(BATCH - 1):
            loop.call_soon(int)
        loop.call_soon(called.set_result, None)
        await called
        done += BATCH
    return done


async def timers(until):
    """Timers that are due at once, and as many that are cancelled."""
    loop = asyncio.get_running_loop()
    done = 0
    while time.perf_counter() < until:
        fired = loop.create_future()
        for _ in range(BATCH // 2 - 1):
            loop.call_later(0, int)
            loop.call_later(60, int).cancel()
        # Of those of one time the last is not always the last.
        loop.call_later(0.000_001, fired.set_result, None)
        await fired
        done += BATCH
    return done


async def switch(until):
    """Two tasks, by turns."""
    counts = [0, 0]

    async def one(index):
        while time.perf_counter() < until:
            for _ in range(BATCH):
                await asyncio.sleep(0)
            counts[index] += BATCH

    await asyncio.gather(one(0), one(1))
    return sum(counts)


async def main(case, seconds):
    work = {"call_soon": call_soon, "timers": timers, "task-switch": switch}[case]
    await work(time.perf_counter() + 0.2)
    print("ready", flush=True)
    began = time.perf_counter()
    done = await work(began + seconds)
    print(f"rate {done / (time.perf_counter() - began)}", flush=True)


if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.run(main(sys.argv[2], float(sys.argv[3])))
else:
    asyncio.run(main(sys.argv[2], float(sys.argv[3])))
