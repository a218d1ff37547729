"""How the log tells of an exception: what kind, where it happened, and no value of a request.

Most texts of exceptions quote what was wrong: psycopg2 a row (`Key (username)=(...)`), SQLAlchemy
parameters, pydantic the input, Python a key that is missing. The frames have lines of code only.
"""

import traceback
from collections.abc import Iterator

import psycopg2
from pydantic import ValidationError

from plain_commands.errors import ConfigurationError
from serverless_postgres.losses import original

UNTOLD = "its text may hold values, and is not logged"

_OF_CODE = (
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    RuntimeError,
    TypeError,
    ZeroDivisionError,
)
"""Python's own, whose texts are about the code."""

_DATA = ("22", "42601")
"""SQLSTATEs whose messages quote a value: bad data, and syntax errors at a place in the text."""

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def told(error: BaseException) -> str:
    """Write an exception and those that it came of, as Python does but for their texts."""
    parts = []
    for item, why in _chain(error):
        lines = traceback.format_tb(item.__traceback__)
        head = "Traceback (most recent call last):\n" if lines else ""
        parts.append(f"{head}{''.join(lines)}{_last_line(item)}\n{why}")
    return "".join(reversed(parts)).rstrip("\n")


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Go from an exception to what it came of; with each, how the one before it did."""
    seen = set()
    item: BaseException | None = error
    why = ""
    while item is not None and id(item) not in seen:
        seen.add(id(item))
        yield item, why
        why = _CAUSE if item.__cause__ else _CONTEXT
        item = item.__cause__ or (None if item.__suppress_context__ else item.__context__)


def _last_line(error: BaseException) -> str:
    kind = type(error)
    name = (
        kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    )
    text = _text(original(error))
    return f"{name}: {text}" if text else name


def _text(error: BaseException) -> str:
    if isinstance(error, psycopg2.Error):
        return _text_of_database(error)
    if isinstance(error, ValidationError):
        kinds = sorted({detail["type"] for detail in error.errors(include_input=False)})
        return f"{error.error_count()} errors in {error.title}: {', '.join(kinds)}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"[Errno {error.errno}] {error.strerror}"
    if isinstance(error, ConfigurationError):
        return error.detail
    is_of_code = isinstance(error, _OF_CODE) and type(error).__module__ == "builtins"
    return str(error) if is_of_code or not error.args else UNTOLD


def _text_of_database(error: psycopg2.Error) -> str:
    """Take the first line of what a server said, without the row or the place that it is about."""
    state = error.pgcode or ""
    if state.startswith(_DATA):
        return f"{state}: {UNTOLD}"
    said = error.diag.message_primary or str(error).partition("\n")[0]
    return f"{state}: {said}" if state else said
