"""The Python runtime of aio-host: `aio-host python` runs it, componentize-py builds it.

All that is imported here is imported at build time and kept in the component as it is in memory
then. No host call may be made before `Run.run`.
"""

from . import library

library.embed()

# From here on, what is imported comes from memory, as it does later.
import aio_host  # noqa: E402

# Before asyncio, which imports what this stands for.
aio_host.install()

import asyncio  # noqa: E402
import runpy  # noqa: E402, F401

import wit_world  # noqa: E402
from wit_world import exports  # noqa: E402

from . import adaptions, program, refusals, worker  # noqa: E402

refusals.install()
adaptions.install()
# The one that componentize-py has for exports that are typed `async func`.
asyncio._set_running_loop(None)
asyncio.set_event_loop(None)
library.settle()


class Run(exports.Run):
    """The command's main call."""

    def run(self) -> None:
        program.main()


class WitWorld(wit_world.WitWorld):
    """The other calls."""

    def run_job(self, job: bytes) -> bytes:
        return worker.run(job)
