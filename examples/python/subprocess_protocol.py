"""A program that is started, and read, by callbacks.

    aio-host python --allow-run=python3 examples/python/subprocess_protocol.py
"""

import asyncio
import sys

CODE = "import sys; print('from the child'); print('and its errors', file=sys.stderr)"


class Output(asyncio.SubprocessProtocol):
    def __init__(self, exited):
        self.exited = exited
        self.output = {1: bytearray(), 2: bytearray()}

    def pipe_data_received(self, number, data):
        self.output[number].extend(data)

    def connection_lost(self, error):
        # Comes when the program has ended and its pipes are closed.
        self.exited.set_result(error)


async def main():
    loop = asyncio.get_running_loop()
    exited = loop.create_future()
    transport, protocol = await loop.subprocess_exec(
        lambda: Output(exited), sys.executable, "-c", CODE, stdin=None
    )
    await exited
    for number, data in protocol.output.items():
        print(f"descriptor {number}:", data.decode().rstrip())
    print("exit code:", transport.get_returncode())
    transport.close()


asyncio.run(main())
