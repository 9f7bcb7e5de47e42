"""aiohttp's server and client in one program: bodies of all kinds, many connections, what is
cancelled at either end, and a server that ends when its last answer is out."""

import asyncio

import aiohttp
from aiohttp import web

left = []


async def show(request):
    body = await request.text()
    cookie = request.cookies.get("flavour", "none")
    return web.json_response(
        {"method": request.method, "path": request.path, "query": dict(request.query),
         "body": body, "cookie": cookie, "header": request.headers.get("X-Word")}
    )


async def form(request):
    parts = []
    async for part in await request.multipart():
        parts.append([part.name, part.filename, len(await part.read())])
    return web.json_response(parts)


async def count(request):
    """Streams the number of bytes that came so far."""
    response = web.StreamResponse()
    await response.prepare(request)
    total = 0
    async for chunk in request.content.iter_chunked(1 << 16):
        total += len(chunk)
    for number in range(3):
        await response.write(f"{number} {total}\n".encode())
    await response.write_eof()
    return response


async def large(request):
    response = web.Response(body=bytes(range(256)) * 20_000)
    response.enable_compression(web.ContentCoding.gzip)
    return response


async def slow(request):
    try:
        request.app["began"].set()
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        left.append("the server was told")
        request.app["ended"].set()
        raise


async def last(request):
    request.app["asked"].set()
    await request.app["leave"].wait()
    return web.Response(text="the last answer")


async def move(request):
    response = web.HTTPFound("/show?moved=1")
    response.set_cookie("flavour", "ginger")
    raise response


async def fail(request):
    raise web.HTTPGone(text="no more of it")


async def serve():
    app = web.Application()
    for name in "began", "ended", "asked", "leave":
        app[name] = asyncio.Event()
    app.add_routes(
        [web.route("*", "/show", show), web.post("/form", form), web.post("/count", count),
         web.get("/large", large), web.get("/slow", slow), web.get("/last", last),
         web.get("/move", move), web.get("/fail", fail)]
    )
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return app, runner


async def talk(session):
    async with session.post("/show?a=1&b=%C3%A9", data="hé", headers={"X-Word": "yes"}) as answer:
        print(answer.status, answer.content_type, sorted((await answer.json()).items()))
    async with session.get("/move") as answer:
        print([old.status for old in answer.history], (await answer.json())["cookie"])
    for path in ("/fail", "/nowhere"):
        async with session.get(path) as answer:
            print(answer.status, answer.reason, await answer.text())
    async with session.head("/show") as answer:
        print(answer.status, await answer.read(), int(answer.headers["Content-Length"]) > 0)


async def bodies(session):
    async def parts():
        for number in range(50):
            yield bytes([number]) * 10_000

    async with session.post("/count", data=parts()) as answer:
        print([line.decode().rstrip() async for line in answer.content])
    form = aiohttp.FormData({"field": "value"})
    form.add_field("file", b"x" * 100_000, filename="name.bin")
    async with session.post("/form", data=form) as answer:
        print(await answer.json())
    async with session.get("/large") as answer:
        body = await answer.read()
        print(len(body), body == bytes(range(256)) * 20_000, answer.headers["Content-Encoding"])


async def many(session):
    async def one(number):
        async with session.get(f"/show?number={number}") as answer:
            return (await answer.json())["query"]["number"]

    numbers = await asyncio.gather(*(one(number) for number in range(300)))
    print(len(numbers), numbers == [str(number) for number in range(300)])


async def cancel(session, app):
    task = asyncio.create_task(session.get("/slow"))
    await app["began"].wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    await app["ended"].wait()
    print(left)
    try:
        await session.get("/slow", timeout=aiohttp.ClientTimeout(total=0.05))
    except asyncio.TimeoutError:
        print("timed out")


async def end(session, app, runner):
    task = asyncio.create_task(session.get("/last"))
    await app["asked"].wait()
    ending = asyncio.create_task(runner.cleanup())
    await asyncio.sleep(0)
    app["leave"].set()
    async with await task as answer:
        print(answer.status, await answer.text())
    await ending
    try:
        await session.get("/show")
    except aiohttp.ClientConnectorError as error:
        print(type(error.os_error).__name__)


async def main():
    app, runner = await serve()
    host, port = runner.addresses[0]
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(f"http://{host}:{port}", cookie_jar=jar) as session:
        await talk(session)
        await bodies(session)
        await many(session)
        await cancel(session, app)
        await end(session, app, runner)


asyncio.run(main())
