r"""An HTTP client by asyncore's dispatcher, and the server that it asks.

    aio-host python --venv=.venv --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 \
        examples/python/asyncore_http_client.py

asyncore left the library with Python 3.12: `pip install pyasyncore`.
"""

import asyncore

PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nthe page\n"


class HTTPClient(asyncore.dispatcher):
    def __init__(self, address, path):
        super().__init__()
        self.request = f"GET {path} HTTP/1.0\r\nHost: {address[0]}\r\n\r\n".encode()
        self.response = b""
        self.create_socket()
        self.connect(address)

    def writable(self):
        return bool(self.request)

    def handle_write(self):
        self.request = self.request[self.send(self.request) :]

    def handle_read(self):
        self.response += self.recv(8192)

    def handle_close(self):
        self.close()


class HTTPServer(asyncore.dispatcher):
    """Answers one request."""

    def __init__(self):
        super().__init__()
        self.create_socket()
        self.set_reuse_addr()
        self.bind(("127.0.0.1", 0))
        self.listen(5)

    def handle_accepted(self, sock, address):
        print("server: connection from", address[0])
        Handler(sock)
        self.close()


class Handler(asyncore.dispatcher_with_send):
    def handle_read(self):
        print("server: request", self.recv(8192).split(b"\r\n")[0].decode())
        self.send(PAGE)
        self.close()


server = HTTPServer()
client = HTTPClient(server.socket.getsockname(), "/index.txt")
asyncore.loop(timeout=10)
print("client:", *client.response.decode().splitlines(), sep="\n    ")
