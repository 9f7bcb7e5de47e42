"""The server and client of websockets: messages of all kinds, fragments, pings, refusals, ends at
either side, many connections, and a server that says good-bye."""

import asyncio
import contextlib
import http

from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

LARGE = 5 << 20


async def echo(socket):
    with contextlib.suppress(ConnectionClosedError):
        await answer(socket)


async def answer(socket):
    async for message in socket:
        if message == "end":
            await socket.close(4000, "as you wish")
        elif message == "all":
            broadcast(socket.server.connections, "to all")
        else:
            await socket.send(message)


def check(connection, request):
    if request.path == "/closed":
        return connection.respond(http.HTTPStatus.FORBIDDEN, "not here\n")
    return None


def choose(connection, offered):
    return "chat" if "chat" in offered else None


async def talk(url):
    protocols = ["superchat", "chat"]
    async with connect(url, subprotocols=protocols, max_size=LARGE) as socket:
        print(socket.subprotocol, socket.response.headers["Sec-WebSocket-Extensions"][:18])
        for message in "é", b"\x00\xff", "":
            await socket.send(message)
            print(repr(await socket.recv()))
        await socket.send(["frag", "ments ", "of one"])
        print(await socket.recv())
        await socket.send(b"x" * LARGE)
        print(len(await socket.recv()))
        pong = await socket.ping()
        print((await pong) >= 0)


async def ends(url):
    async with connect(url) as socket:
        await socket.send("end")
        try:
            await socket.recv()
        except ConnectionClosedError as error:
            print(error.rcvd, socket.close_code, socket.close_reason)
    async with connect(url) as socket:
        await socket.close()
        try:
            await socket.send("too late")
        except ConnectionClosedOK:
            print("closed", socket.close_code)
    async with connect(url, max_size=10) as socket:
        await socket.send("longer than ten")
        try:
            await socket.recv()
        except ConnectionClosedError as error:
            print(error.sent.code)
    try:
        await connect(url + "closed")
    except InvalidStatus as error:
        print(error.response.status_code, error.response.body)


async def cancel(url):
    async with connect(url) as socket:
        try:
            await asyncio.wait_for(socket.recv(), 0.05)
        except asyncio.TimeoutError:
            await socket.send("still there")
            print(await socket.recv())


async def many(url):
    async def one(number):
        async with connect(url, compression=None) as socket:
            for turn in range(5):
                await socket.send(f"{number}.{turn}")
                assert await socket.recv() == f"{number}.{turn}"
        return number

    print(sum(await asyncio.gather(*(one(number) for number in range(60)))))


async def everybody(url):
    sockets = [await connect(url) for _ in range(5)]
    await sockets[0].send("all")
    print(await asyncio.gather(*(socket.recv() for socket in sockets)))
    return sockets


async def main():
    async with serve(echo, "127.0.0.1", 0, select_subprotocol=choose, process_request=check,
                     max_size=LARGE) as server:
        host, port = server.sockets[0].getsockname()
        url = f"ws://{host}:{port}/"
        for part in talk, ends, cancel, many:
            await part(url)
        sockets = await everybody(url)
    for socket in sockets:
        await socket.wait_closed()
    print({socket.close_code for socket in sockets})


asyncio.run(main())
