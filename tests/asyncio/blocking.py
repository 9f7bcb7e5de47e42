"""Calls that wait without a loop: sockets with and without a limit, pipes, children, selectors."""

import os
import select
import selectors
import socket
import subprocess
import time


def sockets():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client:
            accepted, _ = listener.accept()
            with accepted:
                client.sendall(b"one\ntwo\n")
                with accepted.makefile("r") as lines:
                    print("lines:", lines.readline().strip(), lines.readline().strip())
                limited(client)
                options(client)
            print("end:", client.recv(10))


def limited(client):
    client.settimeout(0.02)
    try:
        client.recv(1)
    except TimeoutError as error:
        print("limit:", error)
    client.setblocking(False)
    try:
        client.recv(1)
    except BlockingIOError:
        print("would block")
    client.settimeout(None)


def options(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print("no delay:", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    print("keep alive:", client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0)
    print("type:", client.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == client.type)


def pipes():
    reader, writer = os.pipe()
    copy = os.dup(writer)
    print("written:", os.write(writer, b"through a pipe"))
    os.close(writer)
    print("read:", os.read(reader, 100))
    with os.fdopen(copy, "w") as file:
        print("by a copy", file=file)
    with open(reader) as file:
        print("read:", file.read().strip())
    try:
        os.read(reader, 1)
    except OSError as error:
        print("closed:", type(error).__name__)


def pairs():
    one, other = socket.socketpair()
    with one, other, selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, "one")
        print("quiet:", selector.select(0))
        other.send(b"!")
        [(key, events)] = selector.select(5)
        print("ready:", key.data, events, one.recv(5))
        selector.modify(one, selectors.EVENT_READ | selectors.EVENT_WRITE, "both")
        print("writable:", [(key.data, events) for key, events in selector.select()])
        selector.unregister(one)
        print("none:", selector.select(0.01))
        readable, writable, _ = select.select([one, other], [other], [], 5)
        print("select:", len(readable), writable == [other])


def children():
    done = subprocess.run(["tr", "a-z", "A-Z"], input="text", capture_output=True, text=True)
    print("run:", done.stdout, repr(done.stderr), done.returncode)
    print("output:", subprocess.check_output("echo $0 is it", shell=True, text=True).strip())
    try:
        subprocess.run(["sh", "-c", "exit 3"], check=True)
    except subprocess.CalledProcessError as error:
        print("failed:", error.returncode)
    with subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL) as child:
        print("runs:", child.poll())
        try:
            child.wait(0.02)
        except subprocess.TimeoutExpired:
            print("too slow")
        child.terminate()
    print("ended:", child.returncode)


def sleeps():
    start = time.monotonic()
    time.sleep(0.03)
    print("slept:", time.monotonic() - start >= 0.03)


sockets()
pipes()
pairs()
children()
sleeps()
