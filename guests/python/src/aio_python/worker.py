"""A worker: an instance of the runtime that does the jobs of a `ProcessPoolExecutor`."""

import sys

from aio_host import jobs

from . import options, program, settings


def run(job: bytes) -> bytes:
    """Does a job. What it prints is written at its end."""
    try:
        return jobs.perform(job, _begin)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _begin(description: dict):
    program.begin()
    chosen = options.parse(description["words"])
    # Where it may not be entered, paths begin at the root.
    chosen.cwd = description.pop("dir")
    settings.apply(chosen)
