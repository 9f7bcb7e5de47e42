"""A program that travels with the runtime, in one component: packed by `--build`, and run when the
runtime finds it there. Its files are in memory, as those of the library are."""

import marshal
import os
import sys
from types import ModuleType

from wit_world.imports import assets

from . import library, options, resources, settings

ASSET = "python"
PROGRAM, PACKAGES = f"{library.ROOT}/app", f"{library.ROOT}/packages"

_NATIVE = (".so", ".pyd", ".dylib", ".pyc")


def pack(chosen: options.Options) -> bytes:
    """Packs the folder of the program, and its packages."""
    folder, start = _start_of(chosen)
    files = dict(_packed(folder, PROGRAM, start))
    if start not in files:
        raise SystemExit(f"python3: can't find '__main__' module in {folder!r}")
    for site in chosen.sites:
        files.update(_packed(site, PACKAGES))
    return marshal.dumps((start, files))


def find() -> str | None:
    """Adds the files of the program that travels along, and returns the one that it starts with."""
    packed = assets.read_asset(ASSET)
    if packed is None:
        return None
    start, files = marshal.loads(packed)
    library.add(files)
    sys.meta_path.append(resources.Distributions(PACKAGES))
    return start


def run(start: str, module: ModuleType):
    """Runs it; its arguments are all that the component has got."""
    settings.apply(options.Options(words=sys.argv))
    sys.path.insert(0, PROGRAM)
    sys.path.append(PACKAGES)
    loader = library.Loader("__main__", start)
    module.__file__, module.__loader__ = start, loader
    exec(loader.get_code(), module.__dict__)


def _start_of(chosen: options.Options) -> tuple[str, str]:
    """The folder to pack, and the file that the program starts with."""
    if os.path.isdir(chosen.at):
        return chosen.at, f"{PROGRAM}/__main__.py"
    folder, name = os.path.split(chosen.at)
    return folder, f"{PROGRAM}/{name}"


def _packed(folder: str, place: str, start: str = ""):
    """The files below a folder, under the paths that they will have."""
    for path in _files(folder):
        with open(path, "rb") as file:
            data = file.read()
        inner = place + path.removeprefix(folder)
        yield inner, (library.pack(data), _code(data, inner, start))


def _code(text: bytes, path: str, start: str) -> bytes | None:
    if not path.endswith(".py") and path != start:
        return None
    try:
        return library.pack_code(text, path)
    except SyntaxError:
        # One that is never imported harms nobody.
        if path == start:
            raise
        return None


def _files(folder: str):
    for inner, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_wanted(f"{inner}/{name}"))
        for name in sorted(names):
            if not name.startswith(".") and not name.endswith(_NATIVE):
                yield f"{inner}/{name}"


def _is_wanted(folder: str) -> bool:
    """Whether it is neither hidden nor a virtual environment, nor what installs packages."""
    name = os.path.basename(folder)
    hidden = name.startswith(".") or name in {"__pycache__", "pip"}
    return not hidden and not os.path.exists(f"{folder}/pyvenv.cfg")
