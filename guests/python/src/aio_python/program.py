"""Runs the user's program as python3 does, from the command line to the exit code."""

import atexit
import os
import pkgutil
import runpy
import sys
import threading
import types
from importlib.machinery import SourceFileLoader

from aio_host import ring, signals
from wit_world.imports import exit as wasi_exit

from . import application, asyncio_prompt, options, prompt, settings, streams

INTERRUPTED = 130
UNREADABLE = 2
# What python3 ends with if it cannot write the last of its output.
UNFLUSHED = 120

_OWN = os.path.dirname(__file__)
_OURS = os.path.dirname(_OWN) + "/aio_"


def main():
    """Runs the program, and ends the component with its exit code."""
    begin()
    signals.look_while_computing()
    start = application.find()
    chosen = options.Options() if start else options.parse(sys.argv[1:])
    if start:
        code = _ended(lambda: application.run(start, _fresh_main()))
    else:
        code = _ended(lambda: _start(chosen))
    if _prompts_after(chosen):
        code = _ended(lambda: prompt.interact(sys.modules["__main__"]))
    code = _finish(code)
    if code != 0:
        _exit(code)
    ring.finish()


def begin():
    """Makes the interpreter one that has just started."""
    streams.open_standard()
    os._exit = _exit


def _exit(code: int):
    ring.finish()
    wasi_exit.exit_with_code(code & 0xFF)


def _start(chosen: options.Options):
    if chosen.packs:
        sys.stdout.buffer.write(application.pack(chosen))
        return
    if chosen.letters["V"]:
        print("Python", sys.version if chosen.letters["V"] > 1 else sys.version.split()[0])
        return
    settings.apply(chosen)
    module = _fresh_main()
    if chosen.code is not None:
        sys.argv[:] = ["-c", *chosen.rest]
        _look_in("")
        _run_text(chosen.code, "<string>", module, remember=True)
    elif chosen.module is not None:
        sys.argv[:] = ["-m", *chosen.rest]
        _look_in(os.getcwd())
        _run_module(chosen.module, module)
    elif chosen.rest and chosen.rest[0] != "-":
        sys.argv[:] = chosen.rest
        path = chosen.at or os.path.abspath(chosen.rest[0])
        _run_file(path, module, chosen.letters["x"] > 0)
    else:
        sys.argv[:] = chosen.rest or [""]
        _look_in("")
        _run_standard_input(module)


def _run_module(name: str, module: types.ModuleType):
    if name == "asyncio" and len(sys.argv) == 1:
        # The library's own prompts from a thread.
        asyncio_prompt.begin(module)
    else:
        runpy._run_module_as_main(name)


def _prompts_after(chosen: options.Options) -> bool:
    """Whether a prompt is to follow what is run, which may have asked for it by the variable."""
    has_run = chosen.code is not None or chosen.module is not None or chosen.rest
    return bool(has_run) and bool(sys.flags.inspect or settings.variable("PYTHONINSPECT"))


def _look_in(folder: str):
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)


def _fresh_main() -> types.ModuleType:
    module = types.ModuleType("__main__")
    module.__builtins__ = sys.modules["builtins"]
    sys.modules["__main__"] = module
    return module


def _run_text(text: str | bytes, name: str, module: types.ModuleType, remember: bool = False):
    code = compile(text, name, "exec", dont_inherit=True)
    if remember:
        import linecache

        # Tracebacks show lines of it, as those of python3 do.
        linecache._register_code(code, text, name)
    exec(code, module.__dict__)


def _run_file(path: str, module: types.ModuleType, skips_first_line: bool):
    importer = pkgutil.get_importer(path)
    if importer is not None:
        # A folder or an archive with a `__main__`.
        sys.path.insert(0, path)
        runpy._run_module_as_main("__main__", alter_argv=False)
        return
    _look_in(os.path.dirname(path))
    module.__file__ = path
    module.__cached__ = None
    module.__loader__ = SourceFileLoader("__main__", path)
    text = _read(path)
    if skips_first_line:
        # An empty one is in its place, so that the others keep their numbers.
        text = b"\n" + text.partition(b"\n")[2]
    _run_text(text, path, module)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        print(f"python3: can't open file {path!r}: {error}", file=sys.stderr)
        raise SystemExit(UNREADABLE) from None


def _run_standard_input(module: types.ModuleType):
    if sys.flags.interactive or sys.stdin.isatty():
        prompt.begin(module)
    else:
        _run_text(sys.stdin.buffer.read(), "<stdin>", module)


def _ended(work) -> int:
    """Does `work`, tells why it failed, and returns the exit code."""
    try:
        work()
        return 0
    except SystemExit as ending:
        if not sys.flags.inspect:
            return _code_of(ending)
        _tell(ending)
        return 1
    except BaseException as error:
        _tell(error)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _code_of(ending: SystemExit) -> int:
    if ending.code is None:
        return 0
    if isinstance(ending.code, int):
        return ending.code
    print(ending.code, file=sys.stderr)
    return 1


def _tell(error: BaseException):
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN):
        trace = trace.tb_next
    error.__traceback__ = trace
    if isinstance(error, KeyboardInterrupt):
        _end_with_the_programs(trace)
    # For debuggers, at a prompt that follows.
    sys.last_exc, sys.last_type, sys.last_value = error, type(error), error
    sys.last_traceback = trace
    try:
        sys.excepthook(type(error), error, trace)
    except BaseException as second:
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(second), second, second.__traceback__)


def _end_with_the_programs(trace):
    """Cuts a traceback behind the last line of the program: what raises the interrupt is ours."""
    last = None
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_OURS):
            last = trace
        trace = trace.tb_next
    if last is not None:
        last.tb_next = None


def _finish(code: int) -> int:
    """Does what is done at the end of every program."""
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        if not sys.stdout.closed:
            print("Exception ignored while flushing sys.stdout:", file=sys.stderr)
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            return UNFLUSHED
    return code
