r"""An echo server by asyncore's dispatchers, and the clients that it serves.

    aio-host python --venv=.venv --allow-listen=127.0.0.1:0 --allow-net=127.0.0.1 \
        examples/python/asyncore_echo.py

asyncore left the library with Python 3.12: `pip install pyasyncore`.
"""

import asyncore


class EchoHandler(asyncore.dispatcher_with_send):
    def handle_read(self):
        data = self.recv(8192)
        if data:
            self.send(data)


class EchoServer(asyncore.dispatcher):
    """Serves so many clients."""

    def __init__(self, clients):
        super().__init__()
        self.left = clients
        self.create_socket()
        self.set_reuse_addr()
        self.bind(("127.0.0.1", 0))
        self.listen(5)

    def handle_accepted(self, sock, address):
        print("incoming connection from", address[0])
        EchoHandler(sock)
        self.left -= 1
        if not self.left:
            self.close()


class Client(asyncore.dispatcher_with_send):
    def __init__(self, address, message):
        super().__init__()
        self.message = message
        self.answer = b""
        self.create_socket()
        self.connect(address)

    def handle_connect(self):
        self.send(self.message)

    def handle_read(self):
        self.answer += self.recv(8192)
        if len(self.answer) == len(self.message):
            self.close()


server = EchoServer(2)
address = server.socket.getsockname()
clients = [Client(address, text) for text in (b"hello", b"x" * 100_000)]
asyncore.loop(timeout=10)
for client in clients:
    print("echo:", client.answer == client.message, len(client.answer))
