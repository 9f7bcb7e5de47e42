"""What CPython's own asyncio needs to run over the host's ring, unmodified: a selector, `_socket`,
and pieces of `os`, `signal` and `subprocess`.

Nothing may have imported `socket` before it is installed.
"""

from . import install as _install


def install():
    """Installs the package."""
    _install.before_socket()
    _install.install()
