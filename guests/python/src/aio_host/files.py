"""The calls of `os` that take descriptors, and file objects over those of the host."""

import builtins
import errno
import io
import os
import stat

from . import descriptors, errors, opened, transfer

_native = {
    name: getattr(os, name)
    for name in ("close", "dup", "fstat", "get_blocking", "get_inheritable", "isatty", "lstat",
                 "read", "set_blocking", "stat", "write")
    if hasattr(os, name)
}
_native_open = io.open
# Modes, without b and t, of files that may be written.
_WRITTEN = {"w", "a", "x", "r+", "w+", "a+", "x+"}


class DescriptorIO(io.RawIOBase):
    """The raw file object of a descriptor, as `io.FileIO` is that of a file."""

    def __init__(self, number: int, mode: str, closefd: bool = True):
        self._number = number
        self._closes = closefd
        self.mode = mode
        self.name = number

    def fileno(self):
        self._checkClosed()
        return self._number

    def readable(self):
        return "r" in self.mode or "+" in self.mode

    def writable(self):
        return "r" not in self.mode or "+" in self.mode

    def isatty(self):
        return os.isatty(self.fileno())

    def readinto(self, buffer):
        try:
            data = read(self.fileno(), len(buffer))
        except BlockingIOError:
            return None
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        try:
            return write(self.fileno(), data)
        except BlockingIOError:
            return None

    def close(self):
        if not self.closed:
            super().close()
            if self._closes:
                os.close(self._number)


class NullIO(DescriptorIO):
    """That of `/dev/null`."""

    def __init__(self, path, mode: str):
        super().__init__(descriptors.add_nothing(), mode)
        self.name = path


def read(number, size):
    """Is `os.read`."""
    if not descriptors.is_ours(number):
        return _native["read"](number, size)
    descriptor = descriptors.get(number)
    if descriptor.is_null():
        return b""
    return transfer.read(descriptor, size, _timeout(descriptor))


def write(number, data):
    """Is `os.write`."""
    if not descriptors.is_ours(number):
        return _native["write"](number, data)
    descriptor = descriptors.get(number)
    if descriptor.is_null():
        return len(data)
    return transfer.write(descriptor, data, _timeout(descriptor))


def send_file(out_fd, in_fd, offset, count):
    """Is `os.sendfile`, from a file to what is not one."""
    if descriptors.is_ours(in_fd):
        raise errors.system(errno.EINVAL)
    if offset is None:
        at = os.lseek(in_fd, 0, os.SEEK_CUR)
        sent = send_file(out_fd, in_fd, at, count)
        os.lseek(in_fd, at + sent, os.SEEK_SET)
        return sent
    data = os.pread(in_fd, min(count, transfer.MOST), offset)
    return write(out_fd, data) if data else 0


def close(number):
    """Is `os.close`."""
    if descriptors.is_ours(number):
        descriptors.close(number)
    if number < descriptors.FIRST:
        _native["close"](number)


def duplicate(number):
    """Is `os.dup`."""
    if descriptors.is_ours(number):
        return descriptors.duplicate(number)
    if "dup" not in _native:
        raise errors.system(errno.EOPNOTSUPP)
    return _native["dup"](number)


def set_blocking(number, blocking):
    """Is `os.set_blocking`. A standard stream becomes one of ours with its first call."""
    if number in (0, 1, 2) or descriptors.is_ours(number):
        descriptors.get(number).blocking = bool(blocking)
    else:
        _native["set_blocking"](number, blocking)


def get_blocking(number):
    """Is `os.get_blocking`."""
    if descriptors.is_ours(number):
        return descriptors.get(number).blocking
    return _native["get_blocking"](number) if number > 2 else True


def get_inheritable(number):
    """Is `os.get_inheritable`. No child gets anything but its standard streams."""
    if descriptors.is_ours(number):
        return False
    return _native["get_inheritable"](number)


def fstat(number):
    """Is `os.fstat`; of what is no file only the kind is known."""
    if descriptors.is_ours(number):
        return _of_mode(descriptors.get(number).mode)
    known = _native["fstat"](number)
    if number in (0, 1, 2) and not stat.S_ISREG(known.st_mode):
        return _of_mode(descriptors.standard_mode(number))
    return known


def status(path, *, dir_fd=None, follow_symlinks=True):
    """Is `os.stat`. WASI has no word for sockets: what is of no kind that it knows is one."""
    return _with_kind(_native["stat"](path, dir_fd=dir_fd, follow_symlinks=follow_symlinks))


def link_status(path, *, dir_fd=None):
    """Is `os.lstat`."""
    return _with_kind(_native["lstat"](path, dir_fd=dir_fd))


def _with_kind(known):
    if stat.S_IFMT(known.st_mode):
        return known
    kind, ((mode, *fields), named) = known.__reduce__()
    return kind((mode | stat.S_IFSOCK, *fields), named)


def isatty(number):
    """Is `os.isatty`."""
    if descriptors.is_ours(number) and number >= descriptors.FIRST:
        return False
    return _native["isatty"](number)


def open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True,
         opener=None):
    """Is `open`."""
    kind = mode.replace("b", "").replace("t", "")
    text_options = encoding, errors, newline
    if opened.is_null(file):
        raw = NullIO(file, kind)
    elif isinstance(file, int) and file >= descriptors.FIRST:
        raw = DescriptorIO(file, kind, closefd)
    elif kind in _WRITTEN and _is_sound(mode, buffering, text_options):
        raw = opened.FileIO(file, kind, closefd, opener)
    else:
        made = _native_open(file, mode, buffering, *text_options, closefd, opener)
        _note(made, file, opener)
        return made
    _note(raw, file, opener)
    try:
        return _layers(raw, mode, buffering, text_options)
    except BaseException:
        raw.close()
        raise


def install():
    """Puts them in place."""
    os.read, os.write, os.close, os.dup = read, write, close, duplicate
    os.set_blocking, os.get_blocking = set_blocking, get_blocking
    os.fstat, os.isatty, os.stat, os.lstat = fstat, isatty, status, link_status
    os.sendfile = send_file
    os.get_inheritable = get_inheritable
    os.pipe = descriptors.add_pipe
    io.open = builtins.open = open


def _timeout(descriptor):
    return None if descriptor.blocking else 0


def _of_mode(mode: int) -> os.stat_result:
    return os.stat_result((mode,) + (0,) * 9)


def _is_sound(mode: str, buffering: int, text_options: tuple) -> bool:
    """Whether Python itself has nothing to say against it."""
    if "b" not in mode:
        return mode.count("t") < 2 and buffering != 0
    return "t" not in mode and mode.count("b") < 2 and text_options == (None, None, None)


def _note(file, path, opener):
    # What an opener opened it has noted itself, if it knows more of it than a name.
    if opener is None and not isinstance(file, DescriptorIO):
        opened.note(file.fileno(), path)


def _layers(raw, mode: str, buffering: int, text_options: tuple):
    if buffering == 0:
        return raw
    buffered = _buffered(raw, buffering)
    if "b" in mode:
        return buffered
    by_line = buffering == 1 or buffering < 0 and raw.isatty()
    text = io.TextIOWrapper(buffered, *text_options, by_line)
    text.mode = mode
    return text


def _buffered(raw, size: int):
    size = size if size > 1 else io.DEFAULT_BUFFER_SIZE
    if raw.readable() and raw.writable():
        return io.BufferedRandom(raw, size) if raw.seekable() else io.BufferedRWPair(raw, raw, size)
    return io.BufferedReader(raw, size) if raw.readable() else io.BufferedWriter(raw, size)
