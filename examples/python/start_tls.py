r"""A connection that begins in the clear and goes on with TLS, as those of mail do.

    aio-host python --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1,localhost \
        examples/python/start_tls.py
"""

import asyncio
import os
import ssl

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "certificates")


async def serve(reader, writer):
    print("server heard:", (await reader.readline()).decode().rstrip())
    writer.write(b"go ahead\n")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.path.join(FOLDER, "localhost.pem"))
    await writer.start_tls(context)
    print("server heard:", (await reader.readline()).decode().rstrip())
    writer.write(b"a secret\n")
    await writer.drain()
    writer.close()


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"STARTTLS\n")
        print("client heard:", (await reader.readline()).decode().rstrip())
        context = ssl.create_default_context(cafile=os.path.join(FOLDER, "authority.pem"))
        await writer.start_tls(context, server_hostname="localhost")
        writer.write(b"what is it?\n")
        print("client heard:", (await reader.readline()).decode().rstrip())
        print("encrypted:", writer.get_extra_info("cipher") is not None)
        writer.close()
        await writer.wait_closed()


asyncio.run(main())
