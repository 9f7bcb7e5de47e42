"""TLS without a loop: sockets that wait and that do not, buffers, and the ends of both."""

import socket
import ssl
import sys

FOLDER = sys.argv[1]
NAME = "server.example"

SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
SERVER.load_cert_chain(f"{FOLDER}/server.pem", f"{FOLDER}/server.key")
CLIENT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CLIENT.load_verify_locations(f"{FOLDER}/ca.pem")


def attempt(what, function, *args):
    try:
        print(what, function(*args))
    except (OSError, ValueError) as error:
        # OpenSSL's words change with its versions.
        words = getattr(error, "reason", None) or str(error).partition(" (_ssl")[0]
        print(what, type(error).__name__, words)


def shake(client, server):
    waiting = [client, server]
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass


def buffers():
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = CLIENT.wrap_bio(near, far, server_hostname=NAME)
    server = SERVER.wrap_bio(far, near, server_side=True)
    attempt("early read:", client.read)
    attempt("early end:", client.unwrap)
    attempt("early certificate:", client.getpeercert)
    print("early:", client.version(), client.cipher(), client.session_reused)
    shake(client, server)
    print("late:", client.version(), server.version(), client.server_hostname, server.server_side)
    attempt("nothing yet:", client.read)
    print("written:", server.write(memoryview(b"hello!!")), server.write(b""))
    buffer = bytearray(3)
    print("read:", client.read(2), client.read(9, buffer), bytes(buffer), client.pending())
    print("the rest:", client.read(100), client.read(0))
    attempt("waits for the other:", server.unwrap)
    print("end:", client.read(), client.write(b"late"), server.read())
    print("both:", client.unwrap())
    attempt("after the end:", client.read)
    attempt("write after the end:", server.write, b"x")


def failures():
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = CLIENT.wrap_bio(near, far, server_hostname=NAME)
    near.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    attempt("no tls:", client.do_handshake)
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = SERVER.wrap_bio(far, near, server_side=True)
    far.write(b"GET / HTTP/1.1\r\n\r\n")
    attempt("no tls:", server.do_handshake)
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = CLIENT.wrap_bio(near, far, server_hostname=NAME)
    near.write_eof()
    attempt("cut short:", client.do_handshake)
    empty = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = CLIENT.wrap_bio(near, far, server_hostname=NAME)
    server = empty.wrap_bio(far, near, server_side=True)
    attempt("not yet:", client.do_handshake)
    attempt("no certificate:", server.do_handshake)
    attempt("told:", client.do_handshake)


def names():
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(f"{FOLDER}/client.pem", f"{FOLDER}/client.key")

    def choose(sslobject, name, context):
        print("wanted:", name, context is SERVER)
        if name == "nobody.example":
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        sslobject.context = other

    SERVER.sni_callback = choose
    for name in "client.example", "nobody.example":
        near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = CLIENT.wrap_bio(near, far, server_hostname=name)
        server = SERVER.wrap_bio(far, near, server_side=True)
        attempt("hello:", client.do_handshake)
        attempt("choice:", server.do_handshake)
        attempt("made:", client.do_handshake)
    SERVER.sni_callback = None


def sockets():
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    client = CLIENT.wrap_socket(near, server_hostname=NAME, do_handshake_on_connect=False)
    server = SERVER.wrap_socket(far, server_side=True, do_handshake_on_connect=False)
    shake(client, server)
    attempt("would wait:", client.recv)
    client.sendall(b"x" * 1000)
    server.settimeout(5)
    print("received:", len(server.recv(2000)), server.pending())
    much(client, server)
    client.settimeout(0.05)
    attempt("too late:", client.recv)
    client.settimeout(5)
    attempt("flags:", client.recv, 10, socket.MSG_PEEK)
    file = server.makefile("rwb")
    file.write(b"one\ntwo\n")
    file.flush()
    print("file:", client.recv_into(bytearray(8)))
    file.close()
    plain_ends(client, server)


def much(client, server):
    """More than fits: what did not go is tried again."""
    server.setblocking(False)
    sent = received = 0
    while not sent or received < sent:
        try:
            sent = sent or client.send(b"y" * 1_000_000)
        except ssl.SSLWantWriteError:
            pass
        try:
            received += len(server.recv(100_000))
        except ssl.SSLWantReadError:
            pass
    print("much:", sent, received)


def plain_ends(client, server):
    """TLS ends, and the connection goes on."""
    attempt("says so:", server.unwrap)
    near = client.unwrap()
    near.sendall(b"plain")
    server.settimeout(5)
    far = server.unwrap()
    print("plain:", far.recv(100))
    near.close()
    far.close()


buffers()
failures()
names()
sockets()
