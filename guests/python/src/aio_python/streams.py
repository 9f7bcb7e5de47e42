"""The three standard streams as python3 opens them: the build had others."""

import io
import sys

from aio_host import signals


class Output(io.FileIO):
    """Output that hears of signals: an endless loop that prints is ended by Ctrl+C."""

    def write(self, data):
        signals.look()
        return super().write(data)


def open_standard(encoding: str = "utf-8", errors: str | None = None):
    """Opens them anew. Output is buffered by the line at a terminal, and by the block elsewhere."""
    usual = errors or "strict"
    sys.stdin = sys.__stdin__ = _text(0, "<stdin>", "r", encoding, usual)
    sys.stdout = sys.__stdout__ = _text(1, "<stdout>", "w", encoding, usual)
    sys.stderr = sys.__stderr__ = _text(2, "<stderr>", "w", encoding, "backslashreplace")


def unbuffer():
    """Has every write go out at once, as `-u` asks."""
    sys.stdout.reconfigure(write_through=True, line_buffering=True)


def _text(number: int, name: str, mode: str, encoding: str, errors: str):
    raw = (io.FileIO if mode == "r" else Output)(number, mode, closefd=False)
    raw.name = name
    buffer = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    by_line = number == 2 or raw.isatty()
    text = io.TextIOWrapper(buffer, encoding, errors, line_buffering=by_line)
    text.mode = mode
    return text
