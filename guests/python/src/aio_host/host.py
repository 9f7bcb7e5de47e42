"""The host's interfaces by name: `host.ring`, `host.sockets` and so on.

They are imported when they are first used: `wit_world` imports asyncio, which may not come before
the modules of this package are in place.
"""

from importlib import import_module


def __getattr__(name: str):
    if name.startswith("_"):
        raise AttributeError(name)
    module = import_module(f"wit_world.imports.{name}")
    globals()[name] = module
    return module
