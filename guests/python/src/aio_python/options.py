"""The runtime's command line. `aio-host python` writes it, and has checked what a user can get
wrong: `[--pack] [--dir=DIR] [--cwd=DIR] [--site=DIR] [--path=DIR] [--at=PATH] [LETTERS] [-X OPT]
[-W RULE] [-c CODE | -m MOD | FILE | -] [ARGS...]`."""

from collections import Counter
from dataclasses import dataclass, field

_LETTERS = {"-" + letter for letter in "BEIOPSViqsuvx"}


@dataclass
class Options:
    """What is to be run, and how."""

    # The words that python3 would have got.
    words: list[str] = field(default_factory=list)
    # Folders that it was given.
    dirs: list[str] = field(default_factory=list)
    # Whether it is packed, not run.
    packs: bool = False
    # Where the program finds itself, if it may look there.
    cwd: str | None = None
    # Folders of packages, and those of `PYTHONPATH`.
    sites: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    # Where FILE lies, if not at the path that the user gave.
    at: str | None = None
    # How often each option was given that has no value.
    letters: Counter = field(default_factory=Counter)
    x: dict[str, str | bool] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    code: str | None = None
    module: str | None = None
    # FILE and all that follows it, or what follows CODE or MOD.
    rest: list[str] = field(default_factory=list)


def parse(words: list[str]) -> Options:
    """Reads the command line, which is without the program's own name."""
    options = Options()
    words = list(words)
    while words and words[0].startswith("--"):
        _place(options, *words.pop(0).split("=", 1))
    options.words = list(words)
    while words and words[0].startswith("-") and words[0] != "-":
        _take(options, words)
        if options.code is not None or options.module is not None:
            break
    options.rest = words
    return options


def _place(options: Options, name: str, path: str = ""):
    match name:
        case "--dir":
            options.dirs.append(path)
        case "--pack":
            options.packs = True
        case "--cwd":
            options.cwd = path
        case "--site":
            options.sites.append(path)
        case "--path":
            options.paths.append(path)
        case "--at":
            options.at = path
        case _:
            raise SystemExit(f"unknown option {name}")


def _take(options: Options, words: list[str]):
    match words.pop(0):
        case letter if letter in _LETTERS:
            options.letters[letter[1:]] += 1
        case "-X":
            key, sign, setting = words.pop(0).partition("=")
            options.x[key] = setting if sign else True
        case "-W":
            options.warnings.append(words.pop(0))
        case "-c":
            options.code = words.pop(0)
        case "-m":
            options.module = words.pop(0)
        case name:
            raise SystemExit(f"unknown option {name}")
