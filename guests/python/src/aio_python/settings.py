"""What options and variables change in an interpreter that has started long ago, at build time."""

import logging
import os
import site
import sys
import time
import warnings
from contextlib import suppress

from . import options, streams


class Flags:
    """`sys.flags` with some of them set: the type of the real one makes no others."""

    def __init__(self, flags, **changed):
        self.__dict__.update(changed)
        self._flags = flags

    def __getattr__(self, name):
        return getattr(self._flags, name)


def apply(chosen: options.Options):
    """Brings the interpreter up to date, and to what was chosen."""
    _renew()
    sys._xoptions.update(chosen.x)
    if chosen.unbuffered or os.environ.get("PYTHONUNBUFFERED"):
        streams.unbuffer()
    if "dev" in chosen.x or os.environ.get("PYTHONDEVMODE"):
        sys.flags = Flags(sys.flags, dev_mode=True)
        _warn_by(["default", *chosen.warnings])
    else:
        _warn_by(chosen.warnings)
    _enter(chosen.cwd)
    for folder in chosen.sites:
        site.addsitedir(folder)


def _renew():
    """Renews what was taken from the clock and from chance at build time."""
    logging._startTime = time.time_ns()
    if "random" in sys.modules:
        sys.modules["random"].seed()
    sys.dont_write_bytecode = True
    # There is none; this is what messages begin with, and whom a child would be started as.
    sys.executable = "python3"


def _warn_by(rules: list[str]):
    sys.warnoptions.extend(rules)
    warnings._processoptions(rules)


def _enter(folder: str | None):
    # Where it is not granted, paths begin at the root.
    if folder is not None:
        with suppress(OSError):
            os.chdir(folder)
