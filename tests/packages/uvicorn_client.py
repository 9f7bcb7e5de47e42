"""What a client of uvicorn_app.py, whose port is the argument, gets to see."""

import asyncio
import sys

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

ADDRESS = f"127.0.0.1:{sys.argv[1]}"


async def pages(client):
    for path in "/?a=1", "/nowhere":
        answer = await client.get(path)
        print(answer.status_code, answer.text, answer.headers["server"])
    answer = await client.post("/echo", content=b"x" * 1_000_000)
    print(len(answer.content))

    async def parts():
        for number in range(10):
            yield b"%d" % number * 1000

    print(len((await client.post("/echo", content=parts())).content))
    async with client.stream("GET", "/stream") as answer:
        print([line async for line in answer.aiter_lines()][-1])
    answers = await asyncio.gather(*(client.get(f"/?n={number}") for number in range(100)))
    print([answer.text for answer in answers] == [f"GET 1.1 n={n}" for n in range(100)])


async def leave(client):
    try:
        await client.get("/slow", timeout=httpx.Timeout(30, read=0.1))
    except httpx.ReadTimeout:
        print("left")


async def sockets():
    async with connect(f"ws://{ADDRESS}/", subprotocols=["chat"]) as socket:
        print(socket.subprotocol)
        for message in "text", b"bytes", "x" * 100_000:
            await socket.send(message)
            print((await socket.recv())[:10])
        await socket.send("end")
        try:
            await socket.recv()
        except ConnectionClosed as error:
            print(error.rcvd.code)


async def main():
    async with httpx.AsyncClient(base_url=f"http://{ADDRESS}") as client:
        await pages(client)
        await leave(client)
    await sockets()


asyncio.run(main())
