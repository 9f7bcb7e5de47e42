"""Notes over HTTP by aiohttp, and news of them over WebSockets.

    aio-host python --venv .venv --allow-listen=127.0.0.1:8080 --allow-signal=INT,TERM \\
        examples/python/packages/aiohttp_server.py 8080

Try `curl -d 'buy milk' 127.0.0.1:8080/notes` and `curl 127.0.0.1:8080/notes`.
"""

import asyncio
import sys

from aiohttp import WSCloseCode, web

NOTES = web.AppKey("notes", list)
LISTENERS = web.AppKey("listeners", set)


async def show(request):
    return web.json_response(request.app[NOTES])


async def add(request):
    note = await request.text()
    request.app[NOTES].append(note)
    for listener in request.app[LISTENERS]:
        await listener.send_str(note)
    return web.Response(status=201, headers={"Location": f"/notes/{len(request.app[NOTES])}"})


async def find(request):
    number = int(request.match_info["number"])
    try:
        return web.Response(text=request.app[NOTES][number - 1])
    except IndexError:
        raise web.HTTPNotFound(text=f"there is no note {number}\n") from None


async def listen(request):
    """Tells of each new note until the listener leaves, or the server ends."""
    listener = web.WebSocketResponse()
    await listener.prepare(request)
    request.app[LISTENERS].add(listener)
    try:
        async for _ in listener:
            pass
    finally:
        request.app[LISTENERS].discard(listener)
    return listener


async def export(request):
    """Streams the notes one by one, as a long export would be."""
    response = web.StreamResponse()
    await response.prepare(request)
    for note in request.app[NOTES]:
        await response.write(note.encode() + b"\n")
        await asyncio.sleep(0.01)
    return response


async def say_goodbye(app):
    for listener in set(app[LISTENERS]):
        await listener.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")


def make():
    app = web.Application()
    app[NOTES], app[LISTENERS] = [], set()
    app.on_shutdown.append(say_goodbye)
    app.add_routes(
        [
            web.get("/notes", show),
            web.post("/notes", add),
            web.get(r"/notes/{number:\d+}", find),
            web.get("/export", export),
            web.get("/listen", listen),
        ]
    )
    return app


if __name__ == "__main__":
    web.run_app(make(), host="127.0.0.1", port=int(sys.argv[1]), print=print)
