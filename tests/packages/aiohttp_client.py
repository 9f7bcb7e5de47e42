"""What a client of the example aiohttp_server.py, whose port is the argument, gets to see, until it
has the server end while an answer is on its way: it prints `end` when that is to be done."""

import asyncio
import sys

import aiohttp


async def notes(session):
    async with session.ws_connect("/listen") as listener:
        for note in "milk", "brød":
            async with session.post("/notes", data=note) as answer:
                print(answer.status, answer.headers["Location"])
            print(await listener.receive_str())
    for path in "/notes", "/notes/2", "/notes/3":
        async with session.get(path) as answer:
            print(answer.status, repr(await answer.text()))
    await asyncio.gather(*(session.post("/notes", data="more") for _ in range(50)))


async def end(session):
    listener = await session.ws_connect("/listen")
    async with session.get("/export") as answer:
        print(await answer.content.readline())
        print("end", flush=True)
        print(len(await answer.content.read()))
    message = await listener.receive()
    print(message.type.name, message.data, message.extra)
    await listener.close()


async def main():
    async with aiohttp.ClientSession(f"http://127.0.0.1:{sys.argv[1]}/") as session:
        await notes(session)
        await end(session)


asyncio.run(main())
