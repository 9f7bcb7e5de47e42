"""Children whose streams are files, or another stream of the program. Its argument is a folder."""

import asyncio
import os
import subprocess
import sys
import tempfile

FOLDER = sys.argv[1]


def path(name):
    return os.path.join(FOLDER, name)


def read(name):
    with open(path(name)) as file:
        return file.read()


def one_after_the_other():
    with open(path("log"), "w") as log:
        log.write("begin\n")
        log.flush()
        subprocess.run(["echo", "first"], stdout=log, check=True)
        subprocess.run("echo second; echo error >&2", shell=True, stdout=log, stderr=log)
        log.write("end\n")
    print("written:", read("log").split())
    with open(path("log"), "a") as log:
        subprocess.run(["echo", "more"], stdout=log)
    print("appended:", read("log").split()[-1])


def from_a_file():
    with open(path("data"), "w") as data:
        data.write("1 one\n2 two\n3 three\n")
    with open(path("data")) as data:
        print("all:", subprocess.run("cat", stdin=data, capture_output=True, text=True).stdout.split())
    with open(path("data"), "rb", buffering=0) as data:
        data.readline()
        rest = subprocess.run("cat", stdin=data, capture_output=True, text=True)
        print("the rest:", rest.stdout.split())


def without_a_name():
    with tempfile.TemporaryFile(dir=FOLDER) as nameless:
        nameless.write(b"b\na\nc\n")
        nameless.seek(0)
        done = subprocess.run("sort", stdin=nameless, stdout=subprocess.PIPE)
        print("nameless input:", done.stdout.split())
    with tempfile.TemporaryFile(dir=FOLDER) as nameless:
        nameless.write(b"before ")
        nameless.flush()
        subprocess.run(["echo", "output"], stdout=nameless)
        nameless.seek(0)
        print("nameless output:", nameless.read())
    print("left:", sorted(os.listdir(FOLDER)))


def by_descriptor():
    number = os.open(path("raw"), os.O_WRONLY | os.O_CREAT)
    subprocess.run(["echo", "raw"], stdout=number)
    os.write(number, b"own\n")
    os.close(number)
    print("by descriptor:", read("raw").split())


def into_other_streams():
    sys.stdout.flush()
    subprocess.run("echo into standard output >&2", shell=True, stderr=sys.stdout)
    subprocess.run("echo both; echo both >&2", shell=True, stderr=subprocess.STDOUT)
    out = subprocess.run("echo kept; echo shown >&2", shell=True, stdout=-1, stderr=1).stdout
    print("kept:", out)


def to_nobody():
    done = subprocess.run("cat; echo x", shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    print("to nobody:", done.returncode)


def into_nothing():
    with open(os.devnull, "w") as nothing, open(os.devnull, "rb") as empty:
        print("nothing:", nothing.write("text"), empty.read(), nothing.name)
        print("through it:", subprocess.run("cat", stdin=empty, stdout=nothing).returncode)
    number = os.open(os.devnull, os.O_RDWR)
    print("by descriptor:", os.write(number, b"text"), os.read(number, 9))
    os.close(number)


def in_a_folder():
    print("in:", subprocess.check_output("pwd", cwd=FOLDER, text=True).strip() == FOLDER)
    try:
        subprocess.run("true", cwd=path("none"))
    except FileNotFoundError as error:
        print("nowhere:", error.filename == path("none"))


async def with_a_loop():
    with open(path("loop"), "wb") as out, open(path("data"), "rb") as data:
        child = await asyncio.create_subprocess_exec("tr", "a-z", "A-Z", stdin=data, stdout=out)
        print("with a loop:", await child.wait())
    print(read("loop").split())


one_after_the_other()
from_a_file()
without_a_name()
by_descriptor()
into_other_streams()
to_nobody()
into_nothing()
in_a_folder()
asyncio.run(with_a_loop())
