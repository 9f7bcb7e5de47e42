"""A child watched through callbacks: what it wrote, which of its pipes ended, that it ended."""

import asyncio

SCRIPT = "echo 'disk 40 of 100'; echo 'tape 7 of 10'; echo 'drum: no answer' >&2; exit 3"


class Watcher(asyncio.SubprocessProtocol):
    def __init__(self, lost):
        self.lost = lost
        self.received = {1: b"", 2: b""}
        self.ended = set()

    def connection_made(self, transport):
        self.transport = transport
        print("begun:", transport.get_pid() > 0)

    def pipe_data_received(self, fd, data):
        self.received[fd] += data

    def pipe_connection_lost(self, fd, exc):
        self.ended.add(fd)

    def process_exited(self):
        self.code = self.transport.get_returncode()

    def connection_lost(self, exc):
        self.lost.set_result(None)


def parse(text):
    for line in text.splitlines():
        name, used, _, size = line.split()
        print(f"{name}: {100 * int(used) // int(size)} %")


async def main():
    loop = asyncio.get_running_loop()
    lost = loop.create_future()
    transport, watcher = await loop.subprocess_exec(
        lambda: Watcher(lost), "sh", "-c", SCRIPT, stdin=None
    )
    await lost
    transport.close()
    parse(watcher.received[1].decode())
    print("complaint:", watcher.received[2].decode().strip())
    print("pipes ended:", *sorted(watcher.ended))
    print("code:", watcher.code)


asyncio.run(main())
