"""anyio on asyncio: task groups, cancel scopes, streams of memory and of sockets, work for threads,
children and signals. The argument is a folder for a Unix socket."""

import signal
import sys

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.abc import TaskStatus
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.text import TextStream


async def groups():
    order = []

    async def child(name, delay, *, task_status: TaskStatus = anyio.TASK_STATUS_IGNORED):
        task_status.started(name)
        await anyio.sleep(delay)
        order.append(name)

    async with anyio.create_task_group() as group:
        print(await group.start(child, "second", 0.02))
        group.start_soon(child, "first", 0)
    print(order)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            raise ValueError("one fails")
    except* ValueError as several:
        print(several.exceptions)


async def scopes():
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep_forever()
    print(scope.cancelled_caught)
    try:
        with anyio.fail_after(0.01):
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.02)
                print("shielded")
            await anyio.sleep_forever()
    except TimeoutError:
        print("too late")


async def primitives():
    send, receive = anyio.create_memory_object_stream[int](2)
    limiter, lock = anyio.CapacityLimiter(2), anyio.Lock()
    event, total = anyio.Event(), 0

    async def produce():
        async with send:
            for number in range(10):
                await send.send(number)

    async def use():
        async with limiter, lock:
            await anyio.lowlevel.checkpoint()
        event.set()

    async with anyio.create_task_group() as group, receive:
        group.start_soon(produce)
        group.start_soon(use)
        async for number in receive:
            total += number
        await event.wait()
    print(total, limiter.statistics().borrowed_tokens)


async def sockets():
    async def serve(client):
        async with client:
            buffered = BufferedByteReceiveStream(client)
            while line := await buffered.receive_until(b"\n", 1000):
                await client.send(line.upper() + b"\n")
                if line == b"bye":
                    return

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            text = TextStream(stream)
            for word in "one\n", "bye\n":
                await text.send(word)
                print((await text.receive()).rstrip())
            try:
                await text.receive()
            except anyio.EndOfStream:
                print("the end")
        group.cancel_scope.cancel()
    await listener.aclose()


async def unix_sockets(folder):
    async def serve(client):
        async with client:
            await client.send(await client.receive() + b" back")

    listener = await anyio.create_unix_listener(f"{folder}/socket")
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        async with await anyio.connect_unix(f"{folder}/socket") as stream:
            await stream.send(b"there and")
            print(await stream.receive())
        group.cancel_scope.cancel()
    await listener.aclose()


async def datagrams():
    async with await anyio.create_udp_socket(local_host="127.0.0.1") as one:
        port = one.extra(anyio.abc.SocketAttribute.local_port)
        async with await anyio.create_connected_udp_socket("127.0.0.1", port) as other:
            await other.send(b"ping")
            data, peer = await one.receive()
            await one.sendto(data + b" pong", *peer)
            print(await other.receive())


async def threads():
    def work(number):
        anyio.from_thread.check_cancelled()
        if number < 0:
            raise ValueError(number)
        return number * 2

    print(await anyio.to_thread.run_sync(work, 21))
    results = []

    async def one(number):
        results.append(await anyio.to_thread.run_sync(work, number, limiter=limiter))

    limiter = anyio.CapacityLimiter(3)
    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(one, number)
    print(sorted(results))
    try:
        await anyio.to_thread.run_sync(work, -1)
    except ValueError as error:
        print(repr(error))
    async with await anyio.open_file(__file__) as file:
        print([line async for line in file][-1], await anyio.Path(__file__).is_file())


async def children():
    ended = await anyio.run_process(["cat"], input=b"through a child")
    print(ended.returncode, ended.stdout)
    ended = await anyio.run_process(["sh", "-c", "echo gone >&2; exit 3"], check=False)
    print(ended.returncode, ended.stderr)
    async with await anyio.open_process(["sh", "-c", "echo up; exec sleep 60"]) as process:
        print(await process.stdout.receive())
        process.terminate()
        print(await process.wait())


async def signals():
    with anyio.open_signal_receiver(signal.SIGUSR1) as heard:
        await anyio.run_process(["sh", "-c", "kill -USR1 $PPID"])
        async for number in heard:
            print(signal.Signals(number).name)
            break


async def main():
    await unix_sockets(sys.argv[1])
    for part in groups, scopes, primitives, sockets, datagrams, threads, children, signals:
        await part()


anyio.run(main)
