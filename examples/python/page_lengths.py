r"""How long pages are, asked for all at once by aiohttp: `pip install aiohttp`.

    aio-host python --venv=.venv --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 \
        examples/python/page_lengths.py
"""

import asyncio

import aiohttp
from aiohttp import web


async def page(request):
    length = int(request.match_info["length"])
    return web.Response(text="x" * length)


async def fetch(session, url):
    async with session.get(url) as response:
        response.raise_for_status()
        return url, len(await response.text())


async def lengths(base):
    async with aiohttp.ClientSession(base) as session:
        paths = [f"/page/{number}" for number in (10, 50_000, 700, 0)] + ["/nowhere"]
        found = {}
        for coming in asyncio.as_completed([fetch(session, path) for path in paths]):
            try:
                path, length = await coming
                found[path] = f"{length} characters"
            except aiohttp.ClientResponseError as error:
                found[error.request_info.url.path] = f"{error.status} {error.message}"
        return found


async def main():
    app = web.Application()
    app.router.add_get("/page/{length}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    for path, told in sorted((await lengths(f"http://{host}:{port}")).items()):
        print(path, "=>", told)
    await runner.cleanup()


asyncio.run(main())
