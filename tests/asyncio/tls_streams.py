"""Streams over TLS, in a folder of certificates: what was agreed on, lines, much at once, both ends,
and those who are not let in."""

import asyncio
import ssl
import sys

FOLDER = sys.argv[1]
NAME = "server.example"
LIMIT = 1 << 22


def server_context(name="server"):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{FOLDER}/{name}.pem", f"{FOLDER}/{name}.key")
    context.set_alpn_protocols(["echo"])
    return context


def client_context(authority="ca"):
    context = ssl.create_default_context(cafile=f"{FOLDER}/{authority}.pem")
    context.set_alpn_protocols(["other", "echo"])
    return context


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


class Server:
    def __init__(self, context, handler=serve):
        self.context, self.handler = context, handler

    async def __aenter__(self):
        start = asyncio.start_server(
            self.handler, "127.0.0.1", 0, ssl=self.context, limit=LIMIT
        )
        self.server = await start
        return self.server.sockets[0].getsockname()[1]

    async def __aexit__(self, *error):
        self.server.close()


async def connect(port, context=None, name=NAME):
    context = client_context() if context is None else context
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name, limit=LIMIT
    )


async def agreement(port):
    reader, writer = await connect(port)
    sslobject = writer.get_extra_info("ssl_object")
    print("agreed:", sslobject.version(), sslobject.cipher(), sslobject.selected_alpn_protocol())
    print("nothing of:", sslobject.compression(), sslobject.shared_ciphers())
    certificate = writer.get_extra_info("peercert")
    print("subject:", certificate["subject"], certificate["subjectAltName"])
    print("issuer:", certificate["issuer"], certificate["version"])
    print("from", certificate["notBefore"], "to", certificate["notAfter"])
    der = sslobject.getpeercert(binary_form=True)
    with open(f"{FOLDER}/server.pem") as file:
        print("the same:", ssl.PEM_cert_to_DER_cert(file.read()) == der)
    writer.write(b"hello\n")
    print("answer:", await reader.readline())
    writer.close()
    await writer.wait_closed()


async def large(port):
    reader, writer = await connect(port)
    sent = b"y" * 3_000_000 + b"\n"
    writer.write(sent)
    line, _ = await asyncio.gather(reader.readline(), writer.drain())
    print("large:", line == sent.upper())
    writer.close()


async def many(port):
    context = client_context()

    async def one(number):
        reader, writer = await connect(port, context)
        writer.writelines([b"x" * 1000 * number, b"\n"])
        line = await reader.readline()
        writer.close()
        return len(line)

    print("many:", *await asyncio.gather(*(one(number) for number in range(1, 11))))


async def versions(port):
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        context = client_context()
        context.minimum_version = context.maximum_version = version
        reader, writer = await connect(port, context)
        sslobject = writer.get_extra_info("ssl_object")
        print("only:", sslobject.version(), sslobject.cipher()[0])
        writer.close()


async def refused(what, port, context=None, name=NAME):
    try:
        await connect(port, context, name)
    except ssl.SSLCertVerificationError as error:
        print(what, "refused:", error.reason, error.verify_code, error.verify_message)


async def refusals():
    async with Server(server_context()) as port:
        await refused("another name", port, name="other.example")
        await refused("an address", port, name="127.0.0.1")
        await refused("an issuer", port, client_context("other-ca"))
    async with Server(server_context("expired")) as port:
        await refused("what is old", port)
    async with Server(server_context("early")) as port:
        await refused("what is young", port)


async def unverified(port):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await connect(port, context, "whoever.example")
    print("unverified:", writer.get_extra_info("peercert"))
    writer.close()


async def clients():
    context = server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(f"{FOLDER}/ca.pem")

    async def greet(reader, writer):
        subject = writer.get_extra_info("peercert")["subject"]
        writer.write(f"{subject}\n".encode())
        writer.close()

    async with Server(context, greet) as port:
        known = client_context()
        known.load_cert_chain(f"{FOLDER}/client.pem", f"{FOLDER}/client.key")
        reader, writer = await connect(port, known)
        print("client:", await reader.read())
        writer.close()
        try:
            reader, writer = await connect(port)
            print("unknown:", await reader.read())
        except ssl.SSLError as error:
            print("unknown refused:", error.reason)


async def main():
    async with Server(server_context()) as port:
        await agreement(port)
        await large(port)
        await many(port)
        await versions(port)
        await unverified(port)
    await refusals()
    await clients()


def ignore(loop, context):
    """A server tells of clients that give up."""


loop = asyncio.new_event_loop()
loop.set_exception_handler(ignore)
loop.run_until_complete(main())
