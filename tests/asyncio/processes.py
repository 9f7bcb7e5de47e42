"""Work given to processes without a loop: what they know, what they cannot be given, how they end.
"""

import concurrent.futures
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

SPAWN = multiprocessing.get_context("spawn")
greeting = "none"


class Unlucky(Exception):
    def __init__(self, number, why):
        super().__init__(number, why)
        self.number = number


def greet(text):
    global greeting
    greeting = text


def greeted(name):
    return f"{greeting}, {name}"


def power(number, exponent):
    return number**exponent


def fail(number):
    raise Unlucky(number, "as ever")


def known(_):
    return __name__, sys.argv[1:], os.path.basename(__file__)


def unpicklable(_):
    return lambda: None


def leave(number):
    sys.exit(number)


def die(number):
    os._exit(number)


def failure_of(future):
    error = future.exception()
    return type(error).__name__, *map(str, error.args[:2])


def results():
    with ProcessPoolExecutor(2, SPAWN, greet, ("hello",)) as pool:
        print("initialized:", *pool.map(greeted, ["Ada", "Grace"]))
        print("in chunks:", *pool.map(power, range(10), range(10), chunksize=4))
        jobs = [pool.submit(power, 2, exponent=number) for number in range(5)]
        done = concurrent.futures.as_completed(jobs)
        print("completed:", *sorted(job.result() for job in done))
        print("known:", pool.submit(known, 0).result())


def failures():
    with ProcessPoolExecutor(2, SPAWN) as pool:
        failed = pool.submit(fail, 7)
        print("failed:", failure_of(failed), failed.exception().number)
        remote = str(failed.exception().__cause__)
        print("remotely:", [line for line in remote.splitlines() if "raise" in line])
        print("left:", failure_of(pool.submit(leave, 3)))
        print("no function:", failure_of(pool.submit(lambda: 1))[0] != "")
        print("no result:", failure_of(pool.submit(unpicklable, 1))[0] != "")
        print("still works:", pool.submit(power, 3, 3).result())
    try:
        pool.submit(power, 1, 1)
    except RuntimeError as error:
        print("over:", error)


def broken(name, pool, function, *arguments):
    with pool:
        try:
            print(name, pool.submit(function, *arguments).result())
        except BrokenProcessPool as error:
            print(name, error)
        try:
            pool.submit(power, 1, 1)
        except BrokenProcessPool:
            print(name, "for good")


def refused():
    for arguments in ({"max_workers": 0}, {"initializer": 1}):
        try:
            ProcessPoolExecutor(**arguments)
        except (ValueError, TypeError) as error:
            print(type(error).__name__, error)


if __name__ == "__main__":
    results()
    failures()
    broken("dead:", ProcessPoolExecutor(1, SPAWN), die, 0)
    broken("never begun:", ProcessPoolExecutor(1, SPAWN, die, (1,)), power, 2, 2)
    refused()
    with ProcessPoolExecutor(1, SPAWN) as pool:
        jobs = [pool.submit(power, number, 2) for number in range(20)]
        pool.shutdown(cancel_futures=True)
        print("cancelled:", any(job.cancelled() for job in jobs), jobs[0].result())
