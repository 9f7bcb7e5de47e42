"""An app of ASGI for uvicorn: a page, a stream, an echo of bodies and of WebSockets, and what its
life begins and ends with. From its folder,

    aio-host python --venv ../../../.venv --dir=. --allow-listen=127.0.0.1:8000 \\
        --allow-signal=INT,TERM -m uvicorn uvicorn_app:app
"""

import asyncio


async def app(scope, receive, send):
    kinds = {"lifespan": lifespan, "http": http, "websocket": websocket}
    await kinds[scope["type"]](scope, receive, send)


async def lifespan(scope, receive, send):
    while True:
        message = await receive()
        print(message["type"], flush=True)
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def http(scope, receive, send):
    pages = {"/": page, "/echo": echo, "/stream": stream, "/slow": slow}
    await pages.get(scope["path"], missing)(scope, receive, send)


async def answer(send, status, body):
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


async def page(scope, receive, send):
    query = scope["query_string"].decode()
    await answer(send, 200, f"{scope['method']} {scope['http_version']} {query}".encode())


async def echo(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    await answer(send, 200, body)


async def stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    for number in range(100):
        await send({"type": "http.response.body", "body": b"%d\n" % number, "more_body": True})
    await send({"type": "http.response.body"})


async def slow(scope, receive, send):
    """Answers when its client has gone away, which it prints, or after a while."""
    message = await receive()
    gone = asyncio.create_task(receive())
    done, _ = await asyncio.wait([gone], timeout=30)
    for task in done:
        print(message["type"], task.result()["type"], flush=True)
    gone.cancel()
    await answer(send, 200, b"at last")


async def missing(scope, receive, send):
    await answer(send, 404, b"not here")


async def websocket(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept", "subprotocol": (scope["subprotocols"] or [None])[0]})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "end":
            await send({"type": "websocket.close", "code": 4000})
        else:
            kind = "text" if message.get("text") is not None else "bytes"
            await send({"type": "websocket.send", kind: message[kind]})
    print(message["type"], message["code"], flush=True)
