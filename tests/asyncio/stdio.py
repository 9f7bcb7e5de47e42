"""Standard input and output as streams: lines come in, and go out changed."""

import asyncio
import sys


async def streams(loop):
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, sys.stdout
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def main():
    reader, writer = await streams(asyncio.get_running_loop())
    count = 0
    while line := await reader.readline():
        count += 1
        writer.write(b"%d: %s" % (count, line.upper()))
        await writer.drain()
    writer.write(b"\n%d lines, at the end: %r\n" % (count, reader.at_eof()))
    await writer.drain()


asyncio.run(main())
