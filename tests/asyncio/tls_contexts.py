"""Contexts: their settings, whom they trust, and files that are not what they should be."""

import ssl
import sys

FOLDER = sys.argv[1]


def attempt(what, function, *args, **options):
    try:
        print(what, function(*args, **options))
    except (OSError, ValueError, TypeError) as error:
        words = getattr(error, "reason", None) or getattr(error, "library", None)
        print(what, type(error).__name__, words or str(error).partition(" (_ssl")[0])


def path(name):
    return f"{FOLDER}/{name}"


def text(name):
    with open(path(name)) as file:
        return file.read()


def settings():
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in client, server:
        print(context.protocol, context.verify_mode, context.check_hostname, context.options)
        print(context.minimum_version, context.maximum_version, context.session_stats())
    attempt("checks names:", setattr, client, "verify_mode", ssl.CERT_NONE)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.check_hostname = True
    print("checks names again:", client.verify_mode)
    attempt("mode:", setattr, client, "verify_mode", 9)
    attempt("version:", setattr, client, "minimum_version", 9)
    attempt("tickets:", setattr, client, "num_tickets", 3)
    attempt("callback:", setattr, client, "sni_callback", print)
    attempt("callback:", setattr, server, "sni_callback", 1)
    attempt("ciphers:", client.set_ciphers, "no such thing")
    attempt("ciphers:", client.set_ciphers, "ECDHE+AESGCM:!aNULL")
    names = [cipher["name"] for cipher in client.get_ciphers()]
    print("has:", {"TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES128-GCM-SHA256"} <= set(names))
    print("has not:", "ECDHE-RSA-CHACHA20-POLY1305" in names)
    attempt("curve:", client.set_ecdh_curve, "none")
    attempt("protocols:", client.set_alpn_protocols, [""])


def trust():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    print("at first:", context.cert_store_stats())
    context.load_verify_locations(path("ca.pem"))
    context.load_verify_locations(path("ca.pem"))
    print("an authority:", context.cert_store_stats())
    context.load_verify_locations(cadata=text("server.pem"))
    context.load_verify_locations(path("revoked.crl"))
    print("all:", context.cert_store_stats())
    print("told of:", [found["subject"] for found in context.get_ca_certs()])
    der = ssl.PEM_cert_to_DER_cert(text("ca.pem"))
    print("the same:", context.get_ca_certs(binary_form=True) == [der])
    context.load_verify_locations(cadata=der)
    attempt("nothing:", context.load_verify_locations)
    attempt("no file:", ssl.SSLContext.load_verify_locations, context, cadata="")
    attempt("no certificate:", context.load_verify_locations, path("server.key"))
    attempt("no certificate:", context.load_verify_locations, cadata="x")
    attempt("no certificate:", context.load_verify_locations, cadata=b"x")
    attempt("no text:", context.load_verify_locations, cadata=1)
    attempt("no folder:", context.load_verify_locations, capath=path("nowhere"))


def identities():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    attempt("good:", context.load_cert_chain, path("server.pem"), path("server.key"))
    attempt("of others:", context.load_cert_chain, path("server.pem"), path("client.key"))
    attempt("no key:", context.load_cert_chain, path("server.pem"))
    attempt("no certificate:", context.load_cert_chain, path("server.key"))
    attempt("nothing:", context.load_cert_chain, None)
    try:
        context.load_cert_chain(path("nowhere.pem"))
    except FileNotFoundError:
        print("not found")
    locked = path("locked.key")
    load = context.load_cert_chain
    attempt("right:", load, path("server.pem"), locked, "secret")
    attempt("right:", load, path("server.pem"), locked, lambda: b"secret")
    attempt("wrong:", load, path("server.pem"), locked, "guess")
    attempt("too long:", load, path("server.pem"), locked, "x" * 1025)
    attempt("no text:", load, path("server.pem"), locked, lambda: 1)


def revocation():
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path("server.pem"), path("server.key"))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(path("ca.pem"))
    client.load_verify_locations(path("revoked.crl"))
    print("not looked at:", shaken(client, server))
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    print("revoked:", shaken(client, server))
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    print("trusts nobody:", shaken(stranger, server))
    friend = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    friend.load_verify_locations(path("alone.pem"))
    server.load_cert_chain(path("alone.pem"), path("alone.key"))
    print("alone:", shaken(friend, server))


def shaken(client, server):
    """The words of the client's refusal, if any."""
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client.wrap_bio(near, far, server_hostname="server.example")
    server = server.wrap_bio(far, near, server_side=True)
    for side in client, server, client:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
    return client.version()


def objects():
    print(ssl._ASN1Object("1.3.6.1.5.5.7.3.1"), ssl._ASN1Object.fromnid(130))
    print(ssl._ASN1Object.fromname("commonName"), ssl.Purpose.SERVER_AUTH.shortname)
    attempt("unknown:", ssl._ASN1Object.fromname, "nothing")
    print("chance:", len(ssl.RAND_bytes(20)), ssl.RAND_status(), ssl.RAND_add(b"x", 0.0))


settings()
trust()
identities()
revocation()
objects()
