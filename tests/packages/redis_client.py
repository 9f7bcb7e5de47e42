"""redis-py's asyncio client and its blocking one with a server of Redis, whose address is the
argument: commands, pipelines, transactions, messages, what waits, and what is cancelled."""

import asyncio
import sys

import redis
import redis.asyncio as aioredis


async def values(client):
    print(await client.ping(), await client.set("word", "é"), await client.get("word"))
    print(await client.get("nothing"), await client.incr("count", 5))
    await client.hset("hash", mapping={"one": 1, "two": 2})
    print(sorted((await client.hgetall("hash")).items()), await client.exists("hash", "count"))
    large = b"x" * (3 << 20)
    await client.set("large", large)
    print(len(await client.get("large")), await client.delete("large"))
    try:
        await client.incr("word")
    except redis.ResponseError as error:
        print(error)


async def batches(client):
    async with client.pipeline(transaction=True) as pipeline:
        for number in range(1000):
            pipeline.rpush("list", number)
        print((await pipeline.execute())[-1])
    keys = {f"key:{number}": number for number in range(500)}
    await client.mset(keys)
    found = [key async for key in client.scan_iter("key:*", count=50)]
    print(sorted(found) == sorted(keys), await client.lrange("list", 0, 2))
    script = client.register_script("return redis.call('llen', KEYS[1]) * ARGV[1]")
    print(await script(keys=["list"], args=[3]))


async def race(client):
    """Somebody else changes what a transaction watches."""
    async with client.pipeline() as pipeline:
        await pipeline.watch("count")
        await client.incr("count")
        pipeline.multi()
        pipeline.set("count", 0)
        try:
            await pipeline.execute()
        except redis.WatchError:
            print("lost the race", await client.get("count"))


async def messages(client):
    async with client.pubsub() as channel:
        await channel.subscribe("news")
        await channel.psubscribe("weather.*")
        for name in ("news", "weather.north", "sports", "news"):
            print(name, await client.publish(name, f"about {name}"))
        seen = 0
        async for message in channel.listen():
            print(message["type"], message["channel"], message["data"])
            seen += message["type"].endswith("message")
            if seen == 3:
                break


async def waits(client):
    async def give():
        await client.rpush("queue", "given")

    taken, _ = await asyncio.gather(client.blpop("queue", 30), give())
    print(taken)
    try:
        await asyncio.wait_for(client.blpop("queue", 30), 0.05)
    except asyncio.TimeoutError:
        print("timed out")
    print(await client.echo("still there"))


async def many(client):
    numbers = await asyncio.gather(*(client.incr("many") for _ in range(80)))
    print(sorted(numbers) == list(range(1, 81)))


def blocking(url):
    with redis.Redis.from_url(url, decode_responses=True) as client:
        client.set("word", "sync")
        with client.pipeline() as pipeline:
            print(pipeline.get("word").strlen("word").execute())
        print(client.blpop("queue", 1))


async def main(url):
    async with aioredis.Redis.from_url(url, decode_responses=True) as client:
        await client.flushall()
        for part in values, batches, race, messages, waits, many:
            await part(client)
    small = aioredis.BlockingConnectionPool.from_url(url, max_connections=3, timeout=None)
    async with aioredis.Redis.from_pool(small) as client:
        print(len(await asyncio.gather(*(client.echo(str(number)) for number in range(50)))))
    try:
        await aioredis.Redis(host="127.0.0.1", port=1, retry=None).ping()
    except redis.ConnectionError as error:
        print(type(error).__name__)


asyncio.run(main(sys.argv[1]))
blocking(sys.argv[1])
