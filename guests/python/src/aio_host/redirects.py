"""What the standard streams of a child lead to: handles of the host, streams of the guest, files.

A child opens a file anew, by its path, and appends to it. Where that would not be the same (it was
read in part, it has lost its name) the child gets a copy, or its output is copied at its end.
"""

import os
import shutil
import tempfile
from contextlib import suppress

from . import descriptors, host, opened


class Redirects:
    """The streams of one child. Copies lose their names at once when it has started, or not."""

    def __init__(self):
        self._copies: list[str] = []
        self._at_end: list = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for path in self._copies:
            os.unlink(path)

    def at_end(self) -> list:
        """What is to be called when the child was waited for."""
        return self._at_end

    def input(self, number: int):
        """Where standard input comes from."""
        known = _of_handle(number, 0)
        return known or _file(self._read(number), host.process.FileMode.READ)

    def output(self, number: int, own: int):
        """Where standard output, or error, goes to."""
        known = _of_handle(number, own)
        return known or _file(self._appended(number), host.process.FileMode.APPEND)

    def errors(self, number: int, output: int):
        """Where standard error goes to, with standard output perhaps."""
        if number != -1 and number == output:
            return host.process.Redirect_Stdout()
        return self.output(number, 2)

    def _read(self, number: int) -> str:
        path = opened.path_of(number)
        if path is not None and os.lseek(number, 0, os.SEEK_CUR) == 0:
            return path
        copy = self._copy_of(number)
        with open(copy, "wb") as file, open(number, "rb", closefd=False) as source:
            shutil.copyfileobj(source, file)
        return copy

    def _appended(self, number: int) -> str:
        path = opened.path_of(number)
        place = os.lseek(number, 0, os.SEEK_CUR)
        size = os.fstat(number).st_size
        if path is not None and place == size:
            self._at_end.append(lambda: _go_to_end(number, path))
            return path
        copy = self._copy_of(number)
        output = open(copy, "rb")
        self._at_end.append(lambda: _append(output, number))
        return copy

    def _copy_of(self, number: int) -> str:
        folder = os.path.dirname(opened.path_of(number, lost=True) or "") or None
        descriptor, path = tempfile.mkstemp(dir=folder)
        os.close(descriptor)
        self._copies.append(path)
        return path


def _of_handle(number: int, own: int):
    process = host.process
    if number in (-1, own):
        return process.Redirect_Inherit()
    if number in (0, 1, 2):
        return process.Redirect_Standard(number)
    if not descriptors.is_ours(number):
        return None
    descriptor = descriptors.get(number)
    if descriptor.is_null():
        return process.Redirect_Null()
    return process.Redirect_Handle(descriptor.handle)


def _file(path: str, mode):
    return host.process.Redirect_File(host.process.File(path, mode))


def _go_to_end(number: int, path: str):
    # It may have been closed meanwhile.
    if opened.path_of(number) == path:
        os.lseek(number, 0, os.SEEK_END)


def _append(output, number: int):
    with output, suppress(OSError), open(number, "wb", closefd=False) as file:
        shutil.copyfileobj(output, file)
