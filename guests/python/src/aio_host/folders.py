"""The folders above those that a program was given: it cannot open them, but they are there, so
that a path can be followed from the root."""

import os
import stat

# As `files` has left them.
_native: dict = {}
_STAT = os.stat_result((stat.S_IFDIR | 0o555, *[0] * 9))

# Names in each folder that cannot be opened.
_above: dict[str, set[str]] = {"/": set()}


def tell_of(paths: list[str]):
    """Says which folders the program was given."""
    for path in paths:
        while path not in ("", "/", "."):
            path, name = os.path.split(path)
            _above.setdefault(path, set()).add(name)


def status(path, *, dir_fd=None, follow_symlinks=True):
    """Is `os.stat`."""
    try:
        return _native["stat"](path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    except FileNotFoundError:
        if dir_fd is None and _inner(path) is not None:
            return _STAT
        raise


def link_status(path, *, dir_fd=None):
    """Is `os.lstat`."""
    return status(path, dir_fd=dir_fd, follow_symlinks=False)


def entries(path="."):
    """Is `os.listdir`."""
    try:
        return _native["listdir"](path)
    except FileNotFoundError:
        inner = _inner(path)
        if inner is None:
            raise
        return [os.fsencode(name) for name in inner] if isinstance(path, bytes) else sorted(inner)


def install():
    """Puts them in place."""
    _native.update((name, getattr(os, name)) for name in ("listdir", "stat"))
    os.stat, os.lstat, os.listdir = status, link_status, entries


def _inner(path) -> set[str] | None:
    """What leads from there to folders that were given; none, if it is not above any."""
    return None if isinstance(path, int) else _above.get(os.path.abspath(os.fsdecode(path)))
