"""Jobs of a `ProcessPoolExecutor`, as bytes: what the pool sends, and what a worker does with it.

A worker learns of the program what a process does that `multiprocessing` spawns.
"""

import pickle
import sys
import traceback
from concurrent.futures import process
from multiprocessing import spawn
from multiprocessing.reduction import ForkingPickler

# What this worker was told of: the program, and initializers of pools.
_prepared: set = set()


def pack(value) -> bytes:
    """Pickles it."""
    return bytes(ForkingPickler.dumps(value))


def describe() -> dict:
    """What a worker has to know of the program."""
    # By this name a worker speaks of what it has of the main module.
    sys.modules["__mp_main__"] = sys.modules["__main__"]
    description = spawn.get_preparation_data("worker")
    # A secret of processes that speak to each other, which cannot be pickled.
    del description["authkey"]
    return description | {"words": sys.orig_argv[1:]}


def perform(job: bytes, begin) -> bytes:
    """Does a job in a worker, and packs its answer: whether it was done, and what it came to.
    `begin(description)` is called before anything of the program is."""
    try:
        description, pool, initializer, call = pickle.loads(job)
        _once(None, lambda: _prepare(description, begin))
        _once(pool, lambda: _initialize(initializer))
        function, arguments, options = pickle.loads(call)
    except BaseException as error:
        # As a process that ends.
        traceback.print_exc()
        return pack((False, f"{type(error).__name__}: {error}", None))
    return _answer(lambda: function(*arguments, **options))


def unpack_answer(answer: bytes, future):
    """Gives the future what a job came to. Raises what a worker was lost by."""
    done, result, error = pickle.loads(answer)
    if not done:
        raise RuntimeError(result)
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def with_remote_traceback(error):
    """The error as one that was pickled: with its traceback as a text."""
    text = "".join(traceback.format_exception(error))
    error.__cause__ = process._RemoteTraceback(f'\n"""\n{text}"""')
    return error


def _once(key, work):
    if key not in _prepared:
        work()
        _prepared.add(key)


def _prepare(description: dict, begin):
    begin(description)
    spawn.prepare(description)


def _initialize(packed: bytes):
    initializer, arguments = pickle.loads(packed)
    if initializer is not None:
        initializer(*arguments)


def _answer(work) -> bytes:
    result = failure = None
    try:
        result = work()
    except BaseException as error:
        # Without the frames of this function and of `work`.
        failure = process._ExceptionWithTraceback(error, error.__traceback__.tb_next.tb_next)
    try:
        return pack((True, result, failure))
    except BaseException as error:
        return pack((True, None, process._ExceptionWithTraceback(error, error.__traceback__)))
