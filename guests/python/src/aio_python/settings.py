"""What options and variables change in an interpreter that has started long ago, at build time."""

import builtins
import codecs
import copy
import logging
import os
import site
import sys
import time
import warnings
from collections import Counter
from contextlib import suppress

from aio_host import folders

from . import options, streams

# By option: the field of `sys.flags` that counts it, and the variable that says it too.
_FLAGS = {
    "B": ("dont_write_bytecode", "PYTHONDONTWRITEBYTECODE"),
    "E": ("ignore_environment", ""),
    "I": ("isolated", ""),
    "O": ("optimize", "PYTHONOPTIMIZE"),
    "P": ("safe_path", "PYTHONSAFEPATH"),
    "S": ("no_site", ""),
    "i": ("inspect", "PYTHONINSPECT"),
    "q": ("quiet", ""),
    "s": ("no_user_site", "PYTHONNOUSERSITE"),
    "v": ("verbose", "PYTHONVERBOSE"),
}
_compile = compile


def apply(chosen: options.Options):
    """Brings the interpreter up to date, and to what was chosen."""
    _renew()
    folders.tell_of(chosen.dirs)
    sys.orig_argv[:] = [sys.executable, *chosen.words]
    sys._xoptions.update(chosen.x)
    if chosen.letters["I"]:
        chosen.letters |= Counter("EPs")
    sys.flags = copy.replace(sys.flags, **_flags(chosen))
    _open_streams(chosen)
    _warn_by(_rules(chosen))
    _bound_digits(chosen)
    if sys.flags.optimize:
        _optimize()
    _enter(chosen.cwd)
    _find_modules(chosen)


def variable(name: str) -> str | None:
    """A variable that says how Python runs, if such are minded."""
    return None if sys.flags.ignore_environment else os.environ.get(name) or None


def _renew():
    """Renews what was taken from the clock and from chance at build time."""
    logging._startTime = time.time_ns()
    if "random" in sys.modules:
        sys.modules["random"].seed()
    # There is none; this is what messages begin with, and whom a child would be started as.
    sys.executable = "python3"


def _flags(chosen: options.Options) -> dict:
    letters, minds = chosen.letters, not chosen.letters["E"]
    flags = {
        field: max(letters[letter], _number(os.environ.get(name)) if minds else 0)
        for letter, (field, name) in _FLAGS.items()
    }
    flags["safe_path"] = bool(flags["safe_path"])
    flags["interactive"] = letters["i"]
    develops = minds and os.environ.get("PYTHONDEVMODE")
    return flags | {"dev_mode": bool("dev" in chosen.x or develops)}


def _number(value: str | None) -> int:
    """The number that a variable is set to; 1 if it is none."""
    if not value:
        return 0
    return int(value) if value.isdecimal() else 1


def _open_streams(chosen: options.Options):
    encoding, _, errors = (variable("PYTHONIOENCODING") or "").partition(":")
    streams.open_standard(codecs.lookup(encoding or "utf-8").name, errors or None)
    if chosen.letters["u"] or variable("PYTHONUNBUFFERED"):
        streams.unbuffer()


def _rules(chosen: options.Options) -> list[str]:
    rules = ["default"] if sys.flags.dev_mode else []
    return rules + (variable("PYTHONWARNINGS") or "").split(",") + chosen.warnings


def _warn_by(rules: list[str]):
    rules = [rule for rule in rules if rule]
    sys.warnoptions.extend(rules)
    warnings._processoptions(rules)


def _bound_digits(chosen: options.Options):
    most = chosen.x.get("int_max_str_digits") or variable("PYTHONINTMAXSTRDIGITS")
    if most:
        sys.set_int_max_str_digits(int(most))


def _optimize():
    """Has everything compiled as `-O` asks, but for the library, which is compiled already."""

    def optimized(*args, optimize=-1, **options):
        level = sys.flags.optimize if optimize == -1 else optimize
        return _compile(*args, optimize=level, **options)

    builtins.compile = optimized
    vars(builtins)["__debug__"] = False


def _enter(folder: str | None):
    # Where it is not granted, paths begin at the root.
    if folder is not None:
        with suppress(OSError):
            os.chdir(folder)


def _find_modules(chosen: options.Options):
    sys.path[:0] = chosen.paths
    if not sys.flags.no_site:
        for folder in chosen.sites:
            site.addsitedir(folder)
