"""Workers that take jobs from a list of Redis, and put their results into another.

    aio-host python --venv .venv --allow-net=127.0.0.1:6379 \\
        examples/python/packages/redis_jobs.py redis://127.0.0.1:6379
"""

import asyncio
import json
import sys

from redis.asyncio import Redis

WORKERS, JOBS = 4, 12


async def work(client):
    while True:
        _, job = await client.blpop("jobs")
        number = json.loads(job)["number"]
        if number is None:
            return
        await client.rpush("results", json.dumps({"number": number, "square": number**2}))


async def main(url):
    async with Redis.from_url(url) as client:
        await client.delete("jobs", "results")
        workers = [asyncio.create_task(work(client)) for _ in range(WORKERS)]
        for number in [*range(JOBS), *[None] * WORKERS]:
            await client.rpush("jobs", json.dumps({"number": number}))
        await asyncio.gather(*workers)
        results = [json.loads(result) for result in await client.lrange("results", 0, -1)]
    for result in sorted(results, key=lambda result: result["number"]):
        print(result)


asyncio.run(main(sys.argv[1]))
