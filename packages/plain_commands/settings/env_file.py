"""Reads a `.env` file, and says what in it would be lost: nothing is passed over in silence."""

import os
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from io import StringIO
from pathlib import Path

from dotenv.main import resolve_variables
from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables

from plain_commands.errors import ConfigurationError
from plain_commands.settings.spelling import meant_in_file

_LINE_END = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"^\s*(?:export[ \t]+)?([A-Za-z_]\w*)", re.MULTILINE)


def read(path: Path, known: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Read the variables of a file, and what is wrong with it, in sentences that show no value.

    `known` are the names of the settings. A file that is not there has no variables.
    """
    try:
        text = read_text(path)
    except ConfigurationError as error:
        return {}, [error.detail]
    bindings = _bindings(text)
    problems = []
    names: dict[str, list[Binding]] = {}
    for item in bindings:
        if wrong := _wrong_line(item, names, known):
            problems.append(f"{path}, line {_line(item)}: {wrong}")
        if item.key is not None and not item.error:
            names.setdefault(item.key, []).append(item)
    problems += [f"{path}, {wrong}" for wrong in _wrong_names(names, known)]
    said = [(item.key, item.value) for item in bindings if item.key is not None]
    values = resolve_variables(said, override=True)
    return {name: value for name, value in values.items() if value is not None}, problems


@lru_cache(maxsize=1)
def _bindings(text: str) -> tuple[Binding, ...]:
    """Take a file apart; a command reads it more than once, and a long one takes 10 ms."""
    # The text as it is: StringIO would otherwise make every end of line the same.
    return tuple(parse_stream(StringIO(text, newline="")))


def read_text(path: Path) -> str:
    """Read a file as text; raises ConfigurationError, naming the file, when it is none."""
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        # PowerShell's > writes UTF-16.
        message = f"{path} is not UTF-8; save it anew in that encoding."
        raise ConfigurationError(message) from None
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}."
        raise ConfigurationError(message) from error
    if "\0" in text:
        message = f"{path} is not UTF-8, as it has zero bytes; save it anew in that encoding."
        raise ConfigurationError(message)
    return text


def _wrong_line(item: Binding, before: Iterable[str], known: Collection[str]) -> str | None:
    """Say what is wrong with one line, or with several that quotes hold together."""
    text = item.original.string
    held = [name for name in _NAME.findall(text) if name in known]
    if item.error or (item.key is not None and item.value is None):
        about = f"{held[0]} " if held else ""
        if "=" not in text.partition("#")[0]:
            return f"{about or 'what stands there '}has no `=`."
        return f"{about}can't be read: a quote is missing, or something follows the last one."
    if item.key is None or item.value is None:
        return None
    if swallowed := [name for name in held if name != item.key]:
        return f"the quotes of {item.key} reach over {swallowed[0]}: one is missing."
    if item.key in known and any(
        isinstance(atom, Variable)
        and atom.default is None
        and atom.name not in os.environ  # nosemgrep: environment-outside-settings  no setting
        and atom.name not in before
        for atom in parse_variables(item.value)
    ):
        return f"{item.key} refers to a variable, as ${{NAME}}, that is not set."
    return None


def _wrong_names(names: dict[str, list[Binding]], known: Collection[str]) -> list[str]:
    """Say which names are no settings but look like one, and which have several values."""
    problems = []
    for name, items in names.items():
        line = _line(items[-1])
        if name not in known:
            if meant := meant_in_file(name, known):
                problems.append(f"line {line}: {name} is no setting: do you mean {meant}?")
            continue
        values = [item.value for item in items]
        # In a copy of .env.example, an empty one is above what is added at the end.
        if len({value for value in values if value} | {values[-1]}) > 1:
            lines = " and ".join(str(_line(item)) for item in items)
            problems.append(f"lines {lines}: {name} has several values: leave one.")
    return problems


def _line(item: Binding) -> int:
    """Count the lines up to a variable; blank ones before it belong to it."""
    text = item.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return item.original.line + len(_LINE_END.findall(blank))
