"""asyncore and asynchat as their manuals show them: an echo server, a client of HTTP, and a server
of HTTP that collects by terminators and sends by producers."""

import asynchat
import asyncore
import socket


class EchoHandler(asyncore.dispatcher_with_send):
    def handle_read(self):
        data = self.recv(8192)
        if data:
            self.send(data)


class EchoServer(asyncore.dispatcher):
    def __init__(self, sockets):
        super().__init__(map=sockets)
        self.sockets = sockets
        self.create_socket()
        self.set_reuse_addr()
        self.bind(("127.0.0.1", 0))
        self.listen(5)

    def handle_accepted(self, connection, address):
        EchoHandler(connection, self.sockets)


class EchoClient(asyncore.dispatcher_with_send):
    def __init__(self, address, sockets, data, server):
        super().__init__(map=sockets)
        self.server, self.left = server, len(data)
        self.create_socket()
        self.connect(address)
        self.send(data)

    def handle_connect(self):
        print("connected")

    def handle_read(self):
        self.left -= len(self.recv(8192))
        if self.left == 0:
            print("all is back")
            self.close()
            self.server.close()


class HttpHandler(asynchat.async_chat):
    """Reads a header, then a body of the length that it tells."""

    def __init__(self, connection, sockets):
        super().__init__(sock=connection, map=sockets)
        self.buffer, self.length = [], None
        self.set_terminator(b"\r\n\r\n")

    def collect_incoming_data(self, data):
        self.buffer.append(data)

    def found_terminator(self):
        text, self.buffer = b"".join(self.buffer), []
        if self.length is None:
            lines = text.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:])
            self.request, self.length = lines[0], int(headers["content-length"])
            self.set_terminator(self.length)
        else:
            self.set_terminator(None)
            self.answer(text)

    def answer(self, body):
        print(self.request, len(body))
        self.push(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        self.push_with_producer(asynchat.simple_producer(body.upper(), 1000))
        self.close_when_done()


class HttpServer(EchoServer):
    def handle_accepted(self, connection, address):
        HttpHandler(connection, self.sockets)
        self.close()


class HttpClient(asyncore.dispatcher):
    def __init__(self, address, sockets, body):
        super().__init__(map=sockets)
        self.create_socket()
        self.connect(address)
        head = f"POST /path HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        self.buffer, self.answer = head.encode() + body, b""

    def handle_read(self):
        self.answer += self.recv(8192)

    def writable(self):
        return len(self.buffer) > 0

    def handle_write(self):
        self.buffer = self.buffer[self.send(self.buffer):]

    def handle_close(self):
        head, _, body = self.answer.partition(b"\r\n\r\n")
        print(head.decode().splitlines(), len(body), set(body))
        self.close()


class Nobody(asyncore.dispatcher):
    def handle_connect(self):
        print("somebody")

    def handle_error(self):
        print("nobody there")
        self.close()

    handle_close = handle_error


def echo():
    sockets = {}
    server = EchoServer(sockets)
    address = server.socket.getsockname()
    EchoClient(address, sockets, b"x" * 200_000, server)
    asyncore.loop(timeout=30, map=sockets)


def http(use_poll):
    sockets = {}
    server = HttpServer(sockets)
    HttpClient(server.socket.getsockname(), sockets, b"y" * 100_000)
    asyncore.loop(timeout=30, use_poll=use_poll, map=sockets)


def refused():
    sockets = {}
    free = socket.create_server(("127.0.0.1", 0))
    address = free.getsockname()
    free.close()
    client = Nobody(map=sockets)
    client.create_socket()
    try:
        client.connect(address)
    except ConnectionRefusedError:
        # Known at once, or later.
        client.handle_error()
    asyncore.loop(timeout=30, map=sockets)


echo()
http(use_poll=False)
http(use_poll=True)
refused()
