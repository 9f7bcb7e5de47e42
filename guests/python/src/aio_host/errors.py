"""The host's error codes as Python's exceptions."""

import errno
import os

from componentize_py_types import Err

# It is frozen, and so its traceback cannot be set by who raises or keeps it.
del Err.__setattr__, Err.__delattr__

_NUMBERS = {
    "ACCESS_DENIED": errno.EACCES,
    "BAD_HANDLE": errno.EBADF,
    "INVALID_ARGUMENT": errno.EINVAL,
    "OUT_OF_RANGE": errno.EINVAL,
    "QUOTA_EXCEEDED": errno.EMFILE,
    "CANCELLED": errno.ECANCELED,
    "CLOSED": errno.EBADF,
    "INVALID_STATE": errno.EINVAL,
    "NOT_SUPPORTED": errno.EOPNOTSUPP,
    "ADDRESS_IN_USE": errno.EADDRINUSE,
    "ADDRESS_NOT_AVAILABLE": errno.EADDRNOTAVAIL,
    "CONNECTION_REFUSED": errno.ECONNREFUSED,
    "CONNECTION_RESET": errno.ECONNRESET,
    "CONNECTION_ABORTED": errno.ECONNABORTED,
    "BROKEN_PIPE": errno.EPIPE,
    "NOT_CONNECTED": errno.ENOTCONN,
    "TIMED_OUT": errno.ETIMEDOUT,
    "DATAGRAM_TOO_LARGE": errno.EMSGSIZE,
    "HOST_UNREACHABLE": errno.EHOSTUNREACH,
    "NETWORK_UNREACHABLE": errno.ENETUNREACH,
    "NOT_FOUND": errno.ENOENT,
    "PATH_ESCAPES": errno.EACCES,
    "NOT_PERMITTED": errno.EACCES,
    "NOT_EXECUTABLE": errno.ENOEXEC,
    "ARGUMENTS_TOO_LONG": errno.E2BIG,
    "NO_SUCH_PROCESS": errno.ESRCH,
    "NAME_TOO_LONG": errno.ENAMETOOLONG,
    "INSUFFICIENT_RESOURCES": errno.ENOBUFS,
}


def number(code) -> int:
    """The errno of a host's error code."""
    return _NUMBERS.get(code.name, errno.EIO)


def of(code, subject: str | None = None) -> OSError:
    """The exception of a host's error code, about `subject` (a file, a program) if there is one."""
    text = os.strerror(number(code))
    if code.name == "ACCESS_DENIED":
        text = "not granted to this program; the line `refused:` names the flag"
    elif number(code) == errno.EIO:
        text = code.name.lower().replace("_", " ")
    # A filename of None counts as none.
    return OSError(number(code), text, subject)


def system(number: int) -> OSError:
    """The exception of an errno."""
    return OSError(number, os.strerror(number))


def call(function, *arguments):
    """Calls the host, with its failure as an `OSError`."""
    try:
        return function(*arguments)
    except Err as failure:
        raise of(failure.value) from None
