"""The standard library in memory: read at build time, from where componentize-py has it, so that
the component needs no folder for it. Its files keep their names, for tracebacks and `inspect`."""

import gc
import marshal
import os
import sys
import zlib
from importlib.machinery import ModuleSpec, SourceFileLoader

ROOT = "/python"

# What has no use without a window, a C compiler or a package server.
LEFT_OUT = {"__pycache__", "ensurepip", "idlelib", "site-packages", "tkinter", "turtledemo"}

# A folder of the build that has other files in place of some of the library's, if it is there.
OVERLAY = "library"

# Path of a file to its packed text, and to its packed code, or to where those are.
_sources: dict[str, bytes | slice] = {}
_codes: dict[str, bytes | slice] = {}
# Those of the library, one after the other: what is not used then lies together, and never comes
# into the memory of the machine.
_packed = b""


class Loader:
    """Loads one module of the library."""

    def __init__(self, name: str, path: str):
        self.name = name
        self.path = path

    def create_module(self, spec):
        return None

    # The import system's own, whose frames are left out of tracebacks.
    exec_module = SourceFileLoader.exec_module

    def get_code(self, name=None):
        if self.path in _codes:
            return marshal.loads(_unpacked(_codes[self.path]))
        # It could not be compiled when it was packed, and tells so now.
        return compile(self.get_data(self.path), self.path, "exec", dont_inherit=True)

    def get_source(self, name=None):
        return self.get_data(self.path).decode()

    def get_filename(self, name=None):
        return self.path

    def is_package(self, name=None):
        return self.path.endswith("/__init__.py")

    def get_data(self, path):
        return read(path)

    def get_resource_reader(self, name):
        from . import resources

        return resources.Reader(os.path.dirname(self.path))


class Finder:
    """Finds modules in one folder of the library: a hook of `sys.path`."""

    def __init__(self, folder: str):
        if folder != ROOT and not folder.startswith(ROOT + "/"):
            raise ImportError("not a folder of the library", path=folder)
        self.folder = folder

    def find_spec(self, name: str, target=None):
        base = f"{self.folder}/{name.rpartition('.')[2]}"
        for path in f"{base}/__init__.py", f"{base}.py":
            if path in _sources:
                return _spec(name, path)
        return None

    def invalidate_caches(self):
        """Nothing changes in memory."""

    def iter_modules(self, prefix=""):
        """Lists the folder for `pkgutil`."""
        for path in sorted(below(self.folder)):
            name, _, rest = path.partition("/")
            if rest == "__init__.py":
                yield prefix + name, True
            elif not rest and name != "__init__.py" and name.endswith(".py"):
                yield prefix + name.removesuffix(".py"), False


def embed():
    """Reads and compiles the library, and puts it where modules are looked for."""
    overlay = _overlay()
    global _packed
    pieces: list[bytes] = []
    end = 0
    for path in _files():
        with open(_laid_over(path, overlay), "rb") as file:
            text = file.read()
        for table, piece in (_sources, pack(text)), (_codes, pack_code(text, _shown(path))):
            pieces.append(piece)
            start, end = end, end + len(piece)
            table[path] = slice(start, end)
    _packed = b"".join(pieces)
    sys.path_hooks.insert(0, Finder)
    sys.path_importer_cache.clear()


def pack(data: bytes) -> bytes:
    """Packs a file."""
    return zlib.compress(data, 9)


def pack_code(text: bytes, path: str) -> bytes:
    """Compiles a module and packs its code."""
    return pack(marshal.dumps(compile(text, path, "exec", dont_inherit=True)))


def add(files: dict):
    """Adds files: by path the packed text and, of a module, the packed code."""
    for path, (text, code) in files.items():
        _sources[path] = text
        if code is not None:
            _codes[path] = code


def has(path: str) -> bool:
    """Whether there is such a file."""
    return path in _sources


def below(folder: str):
    """The paths of all files below a folder, from there."""
    start = folder + "/"
    return (path.removeprefix(start) for path in _sources if path.startswith(start))


def read(path: str) -> bytes:
    """Reads a file."""
    if path not in _sources:
        raise FileNotFoundError(f"{path} is not in the runtime")
    return _unpacked(_sources[path])


def settle():
    """Makes modules that are imported already as if from memory, and forgets the build's paths."""
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if path in _codes and name != "__main__":
            module.__loader__ = module.__spec__.loader = Loader(module.__spec__.name, path)
    sys.path[:] = [ROOT]
    sys.path_importer_cache.clear()
    # What is here now stays: no collection has to visit it.
    gc.collect()
    gc.freeze()


def _overlay() -> str | None:
    folders = [f"{folder}/{OVERLAY}" for folder in sys.path]
    return next(filter(os.path.isdir, folders), None)


def _laid_over(path: str, overlay: str | None) -> str:
    other = f"{overlay}{path.removeprefix(ROOT)}"
    return other if os.path.exists(other) else path


def _unpacked(piece: bytes | slice) -> bytes:
    return zlib.decompress(memoryview(_packed)[piece] if isinstance(piece, slice) else piece)


def _files():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if _is_wanted(name))
        for name in sorted(names):
            if name.endswith(".py"):
                yield f"{folder}/{name}"


def _is_wanted(folder: str) -> bool:
    return folder not in LEFT_OUT and not folder.startswith("config-")


def _shown(path: str) -> str:
    # As in python3, whose tracebacks of `-m` show it.
    return "<frozen runpy>" if path == f"{ROOT}/runpy.py" else path


def _spec(name: str, path: str) -> ModuleSpec:
    loader = Loader(name, path)
    spec = ModuleSpec(name, loader, origin=path, is_package=loader.is_package())
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(os.path.dirname(path))
    spec.has_location = True
    return spec
