"""Files of WASI: under which path each was opened, as far as is known, and seeks to their ends.

After a seek to the very end WASI's library goes on writing where it wrote before.
"""

import io
import os

from . import descriptors

_native_open, _native_seek = os.open, os.lseek

# By descriptor. A file that was closed stays, until another has its number.
_paths: dict[int, str] = {}


class FileIO(io.FileIO):
    """A file that is written."""

    def seek(self, offset, whence=os.SEEK_SET):
        place = super().seek(offset, whence)
        _settle(self.fileno(), place, whence)
        return place


def open(path, flags, mode=0o777, *, dir_fd=None):
    """Is `os.open`."""
    if is_null(path):
        return descriptors.add_nothing()
    number = _native_open(path, flags, mode, dir_fd=dir_fd)
    if dir_fd is None:
        note(number, path)
    return number


def seek(number, position, whence):
    """Is `os.lseek`."""
    place = _native_seek(number, position, whence)
    _settle(number, place, whence)
    return place


def is_null(path) -> bool:
    """Whether it is that of what leads nowhere, which needs no grant."""
    return str(path) == os.devnull


def note(number: int, path):
    """Notes under which path a file was opened."""
    if not isinstance(path, int):
        _paths[number] = os.path.abspath(os.fsdecode(path))


def path_of(number: int, lost: bool = False) -> str | None:
    """The path of an open file, if it is still there, or also if it is `lost`."""
    path = _paths.get(number)
    if path is None or lost:
        return path
    try:
        same = os.path.samestat(os.stat(path), os.fstat(number))
    except OSError:
        return None
    return path if same else None


def install():
    """Puts them in place."""
    os.open, os.lseek = open, seek


def _settle(number: int, place: int, whence: int):
    # By way of another place it is one that was sought.
    if whence == os.SEEK_END:
        _native_seek(number, int(place == 0), os.SEEK_SET)
        _native_seek(number, place, os.SEEK_SET)
