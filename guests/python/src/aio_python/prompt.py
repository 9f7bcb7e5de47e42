"""The prompt: lines that are typed, each run once it is whole."""

import code
import select
import signal
import sys
import types
from contextlib import suppress

from . import settings

HELP = 'Type "help", "copyright", "credits" or "license" for more information.'


class Console(code.InteractiveConsole):
    """A prompt that an interrupt takes back to its start."""

    def __init__(self, names: dict):
        super().__init__(names, "<stdin>")
        if sys.stdin.isatty():
            # The host grants it to a program that is started for a prompt.
            with suppress(PermissionError):
                signal.signal(signal.SIGINT, _interrupt)

    def raw_input(self, prompt=""):
        print(prompt, end="", file=sys.stderr, flush=True)
        if sys.stdin.isatty():
            self.wait()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.removesuffix("\n")

    def wait(self):
        """Waits until there is a line, or an interrupt."""
        select.select([0], [], [])


def begin(module: types.ModuleType):
    """Tells what this is, runs the user's start-up file, and prompts."""
    if not sys.flags.quiet:
        print(f"Python {sys.version} on {sys.platform}\n{HELP}", file=sys.stderr)
    start_up(module.__dict__)
    interact(module)


def interact(module: types.ModuleType):
    """Prompts until the input ends; names are those of the module."""
    # What ends the program ends the prompt too now.
    sys.flags = sys.flags.__replace__(inspect=0)
    Console(module.__dict__).interact("", "")


def start_up(names: dict):
    """Runs the file that `PYTHONSTARTUP` names."""
    path = settings.variable("PYTHONSTARTUP")
    if path is None:
        return
    try:
        with open(path, "rb") as file:
            exec(compile(file.read(), path, "exec"), names)
    except OSError as error:
        print(f"Could not open PYTHONSTARTUP\n{type(error).__name__}: {error}", file=sys.stderr)


def _interrupt(number, frame):
    raise KeyboardInterrupt
