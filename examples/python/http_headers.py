r"""Asks a server of its own for the headers of a page, or the one that a URL names.

    aio-host python --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 \
        examples/python/http_headers.py
"""

import asyncio
import sys
from urllib.parse import urlsplit


async def answer(reader, writer):
    request = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    print("request:", request[0])
    headers = "Content-Type: text/html\r\nContent-Length: 6\r\n"
    writer.write(f"HTTP/1.0 200 OK\r\n{headers}\r\n".encode())
    writer.close()


async def print_headers(url):
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure or None)
    writer.write(f"HEAD {parts.path or '/'} HTTP/1.0\r\nHost: {parts.hostname}\r\n\r\n".encode())
    while line := (await reader.readline()).decode("latin-1").rstrip():
        print("header:", line)
    writer.close()
    await writer.wait_closed()


async def main(urls):
    if urls:
        return await print_headers(urls[0])
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await print_headers(f"http://127.0.0.1:{port}/page.html")


asyncio.run(main(sys.argv[1:]))
