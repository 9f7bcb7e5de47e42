"""`-m asyncio`: a prompt whose lines may await. Tasks go on while it waits for the next line, on
the only thread that there is."""

import ast
import asyncio
import contextvars
import inspect
import sys
import types
from contextlib import suppress

from . import prompt


class AsyncioConsole(prompt.Console):
    """Runs what was typed in the loop, and the loop until that is done."""

    def __init__(self, names: dict, loop: asyncio.AbstractEventLoop):
        super().__init__(names)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._loop = loop
        self._context = contextvars.copy_context()

    def wait(self):
        line = self._loop.create_future()
        self._loop.add_reader(0, lambda: line.done() or line.set_result(None))
        try:
            self._run_until(line)
        finally:
            self._loop.remove_reader(0)

    def runcode(self, code):
        task = self._loop.create_task(self._run(code), context=self._context)
        try:
            self._run_until(task)
        except SystemExit:
            raise
        except KeyboardInterrupt:
            self._end(task)
            self.write("\nKeyboardInterrupt\n")
        except BaseException as error:
            self._tell(error, code)

    def _run_until(self, future: asyncio.Future):
        future.add_done_callback(lambda done: self._loop.stop())
        # One that an interrupt came before may have left its call to stop.
        while not future.done():
            self._loop.run_forever()
        future.result()

    async def _run(self, code):
        result = types.FunctionType(code, self.locals)()
        if inspect.iscoroutine(result):
            await result

    def _end(self, task: asyncio.Task):
        task.cancel()
        with suppress(asyncio.CancelledError):
            self._run_until(task)

    def _tell(self, error: BaseException, code):
        # From the line that was typed on.
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code is not code:
            trace = trace.tb_next
        self._showtraceback(type(error), error, trace, "")


def begin(module: types.ModuleType):
    """Prompts as `asyncio.__main__` does."""
    names = module.__dict__
    names["asyncio"] = asyncio
    with asyncio.Runner() as runner:
        console = AsyncioConsole(names, runner.get_loop())
        if not sys.flags.quiet:
            console.write(
                f'asyncio REPL {sys.version} on {sys.platform}\n'
                f'Use "await" directly instead of "asyncio.run()".\n{prompt.HELP}\n'
            )
        prompt.start_up(names)
        console.write(f"{getattr(sys, 'ps1', '>>> ')}import asyncio\n")
        try:
            console.interact("", "")
        finally:
            console.write("exiting asyncio REPL...\n")
