"""httpx with a web server, whose URL is the argument: its asyncio client and its blocking one, many
pages at once, a stream, a range, what is not there, and what is cancelled. A second argument is the
file of the authority that vouches for the server, if it speaks TLS."""

import asyncio
import ssl
import sys

import httpx

URL, *AUTHORITY = sys.argv[1:]
VERIFY = ssl.create_default_context(cafile=AUTHORITY[0]) if AUTHORITY else True


def show(answer):
    print(answer.status_code, answer.reason_phrase, answer.http_version, len(answer.content))


async def pages(client):
    answers = await asyncio.gather(*(client.get(f"/{number}.html") for number in range(20)))
    print([answer.text for answer in answers] == [f"page {number}" for number in range(20)])
    show(await client.get("/nowhere"))
    show(await client.head("/1.html"))
    show(await client.get("/large", headers={"Range": "bytes=0-99"}))
    try:
        (await client.get("/nowhere")).raise_for_status()
    except httpx.HTTPStatusError as error:
        print(type(error).__name__, error.response.status_code)


async def stream(client):
    size, last = 0, b""
    async with client.stream("GET", "/large") as answer:
        async for chunk in answer.aiter_bytes(100_000):
            size, last = size + len(chunk), chunk
    print(size, last[-3:])
    async with client.stream("GET", "/large") as answer:
        async for chunk in answer.aiter_raw():
            break
    print("left early", answer.is_closed)


async def cancel(client):
    task = asyncio.create_task(client.get("/large"))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    show(await client.get("/0.html"))


async def refused():
    async with httpx.AsyncClient() as client:
        # Nobody is there, and nobody that is known vouches for the server.
        for url in "http://127.0.0.1:1/", URL if AUTHORITY else "https://127.0.0.1:1/":
            try:
                await client.get(url)
            except httpx.ConnectError as error:
                print(type(error).__name__)


def blocking():
    with httpx.Client(base_url=URL, verify=VERIFY) as client:
        show(client.get("/7.html"))
        show(client.get("/large"))
    show(httpx.get(f"{URL}/8.html", verify=VERIFY, headers={"Connection": "close"}))


async def main():
    limits = httpx.Limits(max_connections=5)
    async with httpx.AsyncClient(base_url=URL, limits=limits, verify=VERIFY) as client:
        await pages(client)
        await stream(client)
        await cancel(client)
    await refused()


asyncio.run(main())
blocking()
