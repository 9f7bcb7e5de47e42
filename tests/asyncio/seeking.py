"""Files that are written in several places, and modes that there are not. Its argument is a folder.
"""

import os
import sys

PATH = os.path.join(sys.argv[1], "file")


def show(file):
    file.close()
    with open(PATH) as now:
        print(type(file).__name__, file.name == PATH, file.mode, now.read())


def everywhere(mode, size):
    file = open(PATH, mode, buffering=size)
    coded = str.encode if "b" in mode else str
    file.write(coded("1"))
    file.flush()
    file.seek(0, os.SEEK_END)
    file.write(coded("z"))
    file.flush()
    file.seek(2)
    print(file.tell(), file.read(3))
    file.seek(0, os.SEEK_END)
    file.write(coded("y"))
    show(file)


def by_descriptor():
    number = os.open(PATH, os.O_RDWR)
    os.write(number, b"0")
    print(os.lseek(number, 0, os.SEEK_END), os.write(number, b"x"))
    print(os.lseek(number, -2, os.SEEK_END), os.read(number, 9))
    os.close(number)


def refused(mode, **options):
    try:
        open(PATH, mode, **options)
    except ValueError as error:
        print(error)


with open(PATH, "w") as file:
    file.write("abcdef")
    file.flush()
    file.seek(0)
    file.write("A")
show(file)
everywhere("r+b", 0)
everywhere("r+b", -1)
everywhere("r+", -1)
everywhere("w+", -1)
everywhere("rb+", 16)
by_descriptor()
show(open(PATH))
refused("w+b", encoding="utf-8")
refused("wbt")
refused("w", buffering=0)
refused("q")
