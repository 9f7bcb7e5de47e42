"""The runtime's command line. `aio-host python` writes it, and has checked what a user can get
wrong: `[--cwd=DIR] [--site=DIR] [--at=PATH] [-u] [-X OPT] [-W RULE] [-c CODE | -m MOD | FILE | -]
[ARGS...]`."""

from dataclasses import dataclass, field


@dataclass
class Options:
    """What is to be run, and how."""

    # Where the program finds itself, if it may look there.
    cwd: str | None = None
    # Folders of packages.
    sites: list[str] = field(default_factory=list)
    # Where FILE lies, if not at the path that the user gave.
    at: str | None = None
    unbuffered: bool = False
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
    while words and words[0].startswith("-") and words[0] != "-":
        _take(options, words)
        if options.code is not None or options.module is not None:
            break
    options.rest = words
    return options


def _take(options: Options, words: list[str]):
    name, _, value = words.pop(0).partition("=")
    match name:
        case "--cwd":
            options.cwd = value
        case "--site":
            options.sites.append(value)
        case "--at":
            options.at = value
        case "-u":
            options.unbuffered = True
        case "-X":
            key, sign, setting = words.pop(0).partition("=")
            options.x[key] = setting if sign else True
        case "-W":
            options.warnings.append(words.pop(0))
        case "-c":
            options.code = words.pop(0)
        case "-m":
            options.module = words.pop(0)
        case _:
            raise SystemExit(f"unknown option {name}")
