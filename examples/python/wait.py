"""Several at once: until all are done, one is, or one has failed.

    aio-host python examples/python/wait.py
"""

import asyncio


async def phase(number):
    await asyncio.sleep(number * 0.01)
    if number == 2:
        raise ValueError("phase 2")
    return f"phase {number}"


def started(numbers):
    return [asyncio.create_task(phase(number), name=str(number)) for number in numbers]


def names(tasks):
    return sorted(task.get_name() for task in tasks)


async def main():
    done, pending = await asyncio.wait(started([0, 1]))
    print("all:", sorted(task.result() for task in done), len(pending))

    done, pending = await asyncio.wait(
        started([0, 9000]), return_when=asyncio.FIRST_COMPLETED
    )
    print("first:", names(done), "left:", names(pending))

    failing = started([2, 9000])
    done, left = await asyncio.wait(failing, return_when=asyncio.FIRST_EXCEPTION)
    print("failed:", [str(task.exception()) for task in done], "left:", names(left))

    late = started([9000])
    done, slow = await asyncio.wait(late, timeout=0.01)
    print("too late:", names(done), "left:", names(slow))
    for task in pending | left | slow:
        task.cancel()


asyncio.run(main())
