"""Reads the text of one setting as a value of its type."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plain_commands.errors import ConfigurationError

MOST = 2**31 - 1
"""Of any number: what libpq, timers and dates can still take."""
_LONGEST_SHOWN = 20


def parse(variable: str, text: str, kind: Any, bounds: Mapping[str, Any], folder: Path) -> object:
    """Read the text of a setting; paths are relative to `folder`.

    `bounds` are its choices, or its least and most. Raises ConfigurationError, naming the variable,
    for a value that can't be used.
    """
    if re.search(r"[\x00-\x1f\x7f]", text):
        message = f"{variable} has a line break or another control character in it: copy it again."
        raise ConfigurationError(message)
    if re.search(r"[\ud800-\udfff]", text):
        message = f"{variable} is not UTF-8: set it anew in that encoding."
        raise ConfigurationError(message)
    if kind is Path:
        return folder / text
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind is int:
        return _parse_int(variable, text, bounds["least"], bounds["most"] or MOST)
    if bounds["choices"] and text not in bounds["choices"]:
        allowed = " or ".join(bounds["choices"])
        message = f"{variable} must be {allowed}, not {_shown(text)}."
        raise ConfigurationError(message)
    return text


def _parse_int(variable: str, text: str, least: int, most: int) -> int:
    # Not all that int() takes: it reads 1_0 as 10, and the digits of any script.
    number = int(text) if re.fullmatch(r"[0-9]{1,10}", text) else -1
    if not least <= number <= most:
        wanted = f"a whole number of at least {least}"
        wanted += f" and at most {most}" if text.isdecimal() or most != MOST else ""
        message = f"{variable} must be {wanted}, not {_shown(text)}."
        raise ConfigurationError(message)
    return number


def _shown(text: str) -> str:
    """Show what can't be a secret: a URL or a key may stand behind the wrong name."""
    if len(text) <= _LONGEST_SHOWN or text.isdecimal():
        return repr(text)
    return f"what it is now ({len(text)} characters)"
