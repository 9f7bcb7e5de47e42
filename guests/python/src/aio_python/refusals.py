"""What a guest has not, said in words that help: threads, and modules of native code."""

import _thread
import os
import sys
import threading
from types import ModuleType
from typing import NamedTuple

NO_THREADS = (
    "can't start new thread: a guest has one thread only; use asyncio's tasks instead"
)
NATIVE = (".so", ".pyd", ".dylib")


class NativeFinder:
    """Comes last of all finders: names the file of a module that is there, but is native."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        for folder in sys.path if path is None else path:
            file = _native_file(folder or ".", name.rpartition(".")[2])
            if file is not None:
                raise ImportError(
                    f"{name} is native code ({file}), which a guest cannot load;"
                    " it needs a version in pure Python",
                    name=name,
                    path=file,
                )
        return None


class FrameInfo(NamedTuple):
    """A frame of another process, as `_remote_debugging` tells it."""

    filename: str
    lineno: int
    funcname: str


class RemoteUnwinder:
    """Would look into another process: what `python -m asyncio ps` does."""

    def __init__(self, *args, **options):
        raise RuntimeError("a guest cannot look into another process")


def install():
    """Has threads refused in these words, and native modules named."""
    debugging = sys.modules["_remote_debugging"] = ModuleType("_remote_debugging")
    debugging.FrameInfo, debugging.RemoteUnwinder = FrameInfo, RemoteUnwinder
    _thread.start_new_thread = _thread.start_new = _no_threads
    _thread.start_joinable_thread = _no_threads
    threading._start_joinable_thread = _no_threads
    sys.meta_path.append(NativeFinder)


def _no_threads(*args, **options):
    raise RuntimeError(NO_THREADS)


def _native_file(folder: str, stem: str):
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    for name in names:
        if name.startswith(stem + ".") and name.endswith(NATIVE):
            return os.path.join(folder, name)
    return None
