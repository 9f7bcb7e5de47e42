"""The prompt: lines that are typed, each run once it is whole."""

import code
import sys
import types

from . import settings

_HELP = 'Type "help", "copyright", "credits" or "license" for more information.'


def begin(module: types.ModuleType):
    """Tells what this is, runs the user's start-up file, and prompts."""
    if not sys.flags.quiet:
        print(f"Python {sys.version} on {sys.platform}\n{_HELP}", file=sys.stderr)
    start_up(module.__dict__)
    interact(module)


def interact(module: types.ModuleType):
    """Prompts until the input ends; names are those of the module."""
    # What ends the program ends the prompt too now.
    sys.flags = sys.flags.__replace__(inspect=0)
    code.InteractiveConsole(module.__dict__, "<stdin>").interact("", "")


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
