"""aiohttp over TLS, by the certificates in the folder that is the argument: pages, bodies,
WebSockets, clients that show who they are, and servers that nobody vouches for."""

import asyncio
import ssl
import sys

import aiohttp
from aiohttp import web

PKI = sys.argv[1]
NAME = "server.example"


async def show(request):
    peer = request.transport.get_extra_info("peercert")
    names = [value for kind, value in peer["subjectAltName"]] if peer else None
    return web.json_response({"secure": request.secure, "peer": names})


async def echo(request):
    return web.Response(body=await request.read())


async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data.upper())
        else:
            await socket.send_bytes(message.data)
    return socket


def server_context():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{PKI}/ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(f"{PKI}/server.pem", f"{PKI}/server.key")
    return context


def client_context(authority="ca", certificate=None):
    context = ssl.create_default_context(cafile=f"{PKI}/{authority}.pem")
    if certificate:
        context.load_cert_chain(f"{PKI}/{certificate}.pem", f"{PKI}/{certificate}.key")
    return context


async def serve():
    app = web.Application(client_max_size=1 << 26)
    app.add_routes([web.get("/", show), web.post("/echo", echo), web.get("/talk", talk)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context()).start()
    return runner


async def pages(session, options):
    async with session.get("/", **options) as answer:
        print(answer.status, await answer.json())
    body = bytes(range(256)) * 20_000
    async with session.post("/echo", data=body, **options) as answer:
        print(await answer.read() == body)

    async def one(number):
        async with session.post("/echo", data=str(number), **options) as answer:
            return int(await answer.text())

    numbers = await asyncio.gather(*(one(number) for number in range(100)))
    print(numbers == list(range(100)))


async def talks(session, options):
    async with session.ws_connect("/talk", **options) as socket:
        await socket.send_str("hello")
        print(await socket.receive_str())
        await socket.send_bytes(b"x" * 1_000_000)
        print(len(await socket.receive_bytes()))


async def refusals(session):
    for context, name in (client_context("other-ca"), NAME), (client_context(), "other.example"):
        try:
            await session.get("/", ssl=context, server_hostname=name)
        except aiohttp.ClientConnectorCertificateError as error:
            print(type(error.certificate_error).__name__)
    try:
        await session.get(str(session._base_url).replace("https", "http"))
    except aiohttp.ClientError as error:
        print(type(error).__name__)


async def main():
    runner = await serve()
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession(f"https://{host}:{port}/") as session:
        options = {"ssl": client_context(), "server_hostname": NAME}
        await pages(session, options)
        await talks(session, options)
        options["ssl"] = client_context(certificate="client")
        async with session.get("/", **options) as answer:
            print(await answer.json())
        await refusals(session)
    await runner.cleanup()


asyncio.run(main())
