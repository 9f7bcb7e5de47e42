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


# Those of Linux that WASI has not, with numbers that it has not either. Nothing has them here.
_OTHERS = {
    "ENOTBLK": 15, "ENOSTR": 60, "ENODATA": 61, "ETIME": 62, "ENOSR": 63, "ENONET": 64,
    "EREMOTE": 66, "ECOMM": 70, "EBADFD": 77, "ERESTART": 85, "EUSERS": 87,
    "ESOCKTNOSUPPORT": 94, "EPFNOSUPPORT": 96, "ETOOMANYREFS": 109, "EHOSTDOWN": 112,
}
_OTHERS_FROM = 1000


def install():
    """Has `errno` know the names that programs ask it for."""
    for name, value in _OTHERS.items():
        if not hasattr(errno, name):
            setattr(errno, name, _OTHERS_FROM + value)
            errno.errorcode[_OTHERS_FROM + value] = name


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
        raise of(taken(failure)) from None


def taken(failure: Err):
    """The code of a failure, which is used up: frames of the bindings hold it, and it them."""
    return failure.with_traceback(None).value
