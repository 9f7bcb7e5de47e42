"""Packages that start threads of their own where asyncio asks an executor: they are adapted when
they are imported, and then work is done between the loop's callbacks, as in `asyncio.to_thread`."""

import sys
from contextvars import Context
from importlib.machinery import PathFinder
from queue import Queue


class Adapter:
    """Finds the modules that are adapted, and has that done when they are loaded."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        adapt = _ADAPTIONS.get(name)
        spec = None if adapt is None else PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_adapt(module):
                load(module)
                adapt(module)

            spec.loader.exec_module = load_and_adapt
        return spec


class InlineQueue(Queue):
    """Has a worker do what is put into it, one piece a run."""

    def __init__(self, worker):
        super().__init__()
        self._worker = worker

    def put_nowait(self, item):
        # None asks for an end, which comes with each piece.
        if item is not None:
            super().put_nowait(item)
            super().put_nowait(None)
            self._worker.loop.call_soon(self._worker.run, context=Context())


def install():
    """Has packages adapted from now on."""
    sys.meta_path.insert(0, Adapter)


def _adapt_anyio(backend):
    class InlineWorker(backend.WorkerThread):
        """One of anyio's workers, without a thread."""

        def __init__(self, *args):
            super().__init__(*args)
            self.queue = InlineQueue(self)

        def start(self):
            """What is put into the queue starts it."""

    backend.WorkerThread = InlineWorker


_ADAPTIONS = {"anyio._backends._asyncio": _adapt_anyio}
