"""`ProcessPoolExecutor` over the host's workers: other instances of this very component, on threads
of the host. What goes in and comes out is pickled, as between processes."""

import threading
from asyncio import events
from collections import deque
from concurrent import futures
from concurrent.futures import process
from itertools import count

from . import errors, host, jobs, ring

JOB = "run-job"
UNUSABLE = "A child process terminated abruptly, the process pool is not usable anymore"
ABRUPT = (
    "A process in the process pool was terminated abruptly while the future was running or pending."
)

_names = count(1)
# Those that have work, which the program's end waits for.
_busy: set = set()


class ProcessPoolExecutor(process.ProcessPoolExecutor):
    """Is `concurrent.futures.ProcessPoolExecutor`. Workers are shared by all pools."""

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), *,
                 max_tasks_per_child=None):
        _check(max_workers, initializer, max_tasks_per_child)
        parallelism = host.workers.parallelism()
        if parallelism == 0:
            raise NotImplementedError("this program has no workers: --max-workers grants some")
        self._max_workers = min(max_workers or parallelism, parallelism)
        self._initializing = next(_names), jobs.pack((initializer, initargs))
        self._pending: deque = deque()
        # By the tokens of their operations.
        self._running: dict = {}
        self._broken = False
        self._shutdown_thread = False

    def submit(self, fn, /, *args, **kwargs):
        if self._broken:
            raise process.BrokenProcessPool(self._broken)
        if self._shutdown_thread:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: futures.Future = futures.Future()
        self._pending.append((future, (fn, args, kwargs)))
        self._begin()
        if events._get_running_loop() is None:
            # Nobody may wait for long.
            ring.flush()
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._shutdown_thread = True
        if cancel_futures:
            for future, _ in self._pending:
                future.cancel()
        if wait:
            ring.wait_until(lambda: self not in _busy, None)

    def _force_shutdown(self, operation):
        self.shutdown(wait=False, cancel_futures=True)
        self._break("the workers were terminated")

    def _begin(self):
        while self._pending and len(self._running) < self._max_workers:
            future, call = self._pending.popleft()
            if future.set_running_or_notify_cancel():
                self._start(future, call)
        if self._pending or self._running:
            _busy.add(self)
        else:
            _busy.discard(self)

    def _start(self, future, call):
        try:
            job = jobs.pack((jobs.describe(), *self._initializing, jobs.pack(call)))
        except BaseException as error:
            future.set_exception(jobs.with_remote_traceback(error))
            return
        operation = host.ring.Operation_RunJob(host.ring.JobArguments(JOB, len(job)))
        token = ring.start(operation, lambda outcome: self._end(token, outcome), job)
        self._running[token] = future

    def _end(self, token: int, outcome):
        future = self._running.pop(token, None)
        if future is not None:
            self._tell(future, outcome)
            self._begin()

    def _tell(self, future, outcome):
        if isinstance(outcome, bytes):
            self._tell_answer(future, outcome)
        elif type(outcome) is host.ring.Outcome_Failed:
            future.set_exception(errors.of(outcome.value, "job"))
        else:
            future.set_exception(_abrupt(outcome.value.value))
            self._break(outcome.value.value)

    def _tell_answer(self, future, answer: bytes):
        try:
            jobs.unpack_answer(answer, future)
        except BaseException as error:
            future.set_exception(_abrupt(str(error)))
            self._break(str(error))

    def _break(self, why: str):
        self._broken = UNUSABLE
        for token, future in self._running.items():
            ring.start(host.ring.Operation_Cancel(token), lambda outcome: None)
            future.set_exception(_abrupt(why))
        for future, _ in self._pending:
            if not future.cancelled():
                future.set_exception(_abrupt(why))
        self._running.clear()
        self._pending.clear()
        _busy.discard(self)


def install():
    """Puts it in place."""
    futures.ProcessPoolExecutor = process.ProcessPoolExecutor = ProcessPoolExecutor
    threading._register_atexit(lambda: ring.wait_until(lambda: not _busy, None))


def _check(max_workers, initializer, max_tasks_per_child):
    if max_workers is not None and max_workers <= 0:
        raise ValueError("max_workers must be greater than 0")
    if initializer is not None and not callable(initializer):
        raise TypeError("initializer must be a callable")
    if max_tasks_per_child is not None:
        raise NotImplementedError("a guest's workers live on: no max_tasks_per_child")


def _abrupt(why: str) -> process.BrokenProcessPool:
    error = process.BrokenProcessPool(ABRUPT)
    error.__cause__ = process._RemoteTraceback(f'\n"""\n{why}\n"""')
    return error
