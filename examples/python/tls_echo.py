r"""An echo server with TLS, by streams. Who does not know its authority does not talk to it.

    aio-host python --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1,localhost \
        examples/python/tls_echo.py
"""

import asyncio
import os
import ssl

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "certificates")


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def client(port, context):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    names = dict(part[0] for part in writer.get_extra_info("peercert")["subject"])
    print("talks to", names["commonName"], "by", writer.get_extra_info("ssl_object").version())
    for word in "this", "is", "secret":
        writer.write(f"{word}\n".encode())
        print("echo:", (await reader.readline()).decode().rstrip())
    writer.close()
    await writer.wait_closed()


async def main():
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(os.path.join(FOLDER, "localhost.pem"))
    trusting = ssl.create_default_context(cafile=os.path.join(FOLDER, "authority.pem"))
    async with await asyncio.start_server(echo, "127.0.0.1", 0, ssl=serving) as server:
        port = server.sockets[0].getsockname()[1]
        await client(port, trusting)
        try:
            await client(port, ssl.create_default_context())
        except ssl.SSLCertVerificationError:
            print("not trusted")


asyncio.run(main())
