r"""Requests of HTTP read by asynchat: a terminator ends the headers, their length the body.

    aio-host python --venv=.venv --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 \
        examples/python/asynchat_http.py

asynchat and asyncore left the library with Python 3.12: `pip install pyasynchat`.
"""

import asynchat
import asyncore
from email.parser import BytesParser

REQUESTS = (
    b"GET /page HTTP/1.0\r\nHost: localhost\r\n\r\n",
    b"POST /form HTTP/1.0\r\nContent-Length: 11\r\n\r\nname=a%20b&too much",
)


class RequestHandler(asynchat.async_chat):
    def __init__(self, sock):
        super().__init__(sock)
        self.received = []
        self.headers = None
        self.set_terminator(b"\r\n\r\n")

    def collect_incoming_data(self, data):
        self.received.append(data)

    def found_terminator(self):
        data = b"".join(self.received)
        self.received.clear()
        if self.headers is not None:
            return self.answer(data)
        self.request, _, lines = data.partition(b"\r\n")
        self.headers = BytesParser().parsebytes(lines)
        if self.request.startswith(b"POST"):
            self.set_terminator(int(self.headers["Content-Length"]))
        else:
            self.answer(b"")

    def answer(self, body):
        # What comes beyond the body is not wanted.
        self.set_terminator(None)
        text = f"{self.request.decode()}: {len(body)} bytes {body.decode()}"
        self.push(f"HTTP/1.0 200 OK\r\n\r\n{text}".encode())
        self.close_when_done()


class Server(asyncore.dispatcher):
    """Serves so many requests."""

    def __init__(self, requests):
        super().__init__()
        self.left = requests
        self.create_socket()
        self.bind(("127.0.0.1", 0))
        self.listen(5)

    def handle_accepted(self, sock, address):
        RequestHandler(sock)
        self.left -= 1
        if not self.left:
            self.close()


class Client(asynchat.async_chat):
    def __init__(self, address, request):
        super().__init__()
        self.create_socket()
        self.connect(address)
        self.set_terminator(None)
        self.response = b""
        self.push(request)

    def collect_incoming_data(self, data):
        self.response += data


server = Server(len(REQUESTS))
address = server.socket.getsockname()
clients = [Client(address, request) for request in REQUESTS]
asyncore.loop(timeout=10)
for client in clients:
    print("response:", client.response.decode().splitlines()[-1])
