"""Tasks: started from coroutines, named, and looked at while they run.

    aio-host python examples/python/tasks.py
"""

import asyncio


async def work(number):
    await asyncio.sleep(0.01)
    return number * 2


async def main():
    task = asyncio.create_task(work(21), name="the answer")
    print("name:", task.get_name(), "done:", task.done())
    print("tasks:", len(asyncio.all_tasks()))
    print("this one is not it:", asyncio.current_task() is not task)
    print("result:", await task, "done:", task.done())
    # Takes what may be a coroutine, a task or a future, and returns what can be waited for.
    print("ensured:", await asyncio.ensure_future(work(1)))
    same = asyncio.ensure_future(task)
    print("a task stays itself:", same is task)
    async with asyncio.TaskGroup() as group:
        members = [group.create_task(work(number)) for number in range(3)]
    print("group:", [member.result() for member in members])
    try:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(asyncio.sleep(1000))
            group.create_task(fail())
    except* ValueError as errors:
        print("group failed:", *errors.exceptions)
    print("the other was cancelled:", waiting.cancelled())


async def fail():
    raise ValueError("one of them")


asyncio.run(main())
