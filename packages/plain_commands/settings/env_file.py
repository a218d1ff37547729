"""Reads a `.env` file, and says what in it would be lost: nothing is passed over in silence."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables

from plain_commands.errors import ConfigurationError
from plain_commands.settings.spelling import meant_in_file

_LINE_END = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"^\s*(?:export[ \t]+)?([A-Za-z_]\w*)", re.MULTILINE)


def read(
    path: Path, known: Collection[str], environ: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Read the variables of a file, and what is wrong with it, in sentences that show no value.

    `known` are the names of the settings; `environ` is what `${NAME}` may refer to besides the
    file itself. A file that is not there has no variables.
    """
    try:
        text = read_text(path)
    except ConfigurationError as error:
        return {}, [error.detail]
    bindings = _bindings(text)
    problems = []
    names: dict[str, list[Binding]] = {}
    for item in bindings:
        if wrong := _wrong_line(item, {*environ, *names}, known):
            problems.append(f"{path}, line {_line(item)}: {wrong}")
        if item.key is not None and not item.error:
            names.setdefault(item.key, []).append(item)
    problems += [f"{path}, {wrong}" for wrong in _wrong_names(names, known)]
    values: dict[str, str] = {}
    for item in bindings:
        if item.key is not None and item.value is not None:
            there = {**environ, **values}
            values[item.key] = "".join(atom.resolve(there) for atom in parse_variables(item.value))
    return values, problems


@lru_cache(maxsize=1)
def _bindings(text: str) -> tuple[Binding, ...]:
    """Take a file apart; a command reads it more than once, and a long one takes 10 ms."""
    # The text as it is: StringIO would otherwise make every end of line the same.
    return tuple(parse_stream(StringIO(text, newline="")))


def read_text(path: Path) -> str:
    """Read a file as text; raises ConfigurationError, naming the file, when it is not text."""
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        # PowerShell's > writes UTF-16.
        message = f"{path} is not UTF-8; save it again in that encoding."
        raise ConfigurationError(message) from None
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}."
        raise ConfigurationError(message) from error
    if "\0" in text:
        message = f"{path} is not UTF-8, as it has zero bytes; save it again in that encoding."
        raise ConfigurationError(message)
    return text


def _wrong_line(item: Binding, there: Collection[str], known: Collection[str]) -> str | None:
    """Say what is wrong with one line, or with several that quotes hold together."""
    text = item.original.string
    held = [name for name in _NAME.findall(text) if name in known]
    if item.error or (item.key is not None and item.value is None):
        about = f"{held[0]} " if held else ""
        if "=" not in text.partition("#")[0]:
            return f"{about or 'this '}has no `=`."
        return f"{about}can't be read: a quote is missing, or something follows the last one."
    if item.key is None or item.value is None:
        return None
    if swallowed := [name for name in held if name != item.key]:
        return f"the quotes of {item.key} enclose {swallowed[0]} as well: one is missing."
    if item.key in known and any(
        isinstance(atom, Variable) and atom.default is None and atom.name not in there
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
                problems.append(f"line {line}: {name} is not a setting: did you mean {meant}?")
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
