"""Finds what a JSON value holds that would not be kept as it is, and points to it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from smorest_sqlmodel.errors import FieldError

LONGEST_STEP = 200
"""How much of a name a pointer shows."""

_SURROGATE = re.compile("[\ud800-\udfff]")

STRING_PROBLEMS = {
    "nul_character": "must not contain the character U+0000",
    "bad_encoding": "must be percent-encoded UTF-8",
    "lone_surrogate": "must not contain half of a surrogate pair, which is not valid Unicode",
}


class Doubled(dict[str, Any]):
    """An object that has names more than once; the last value of each stands for it."""

    names: list[str]


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of a JSON text: the hook of `json.loads` that sees names twice."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    doubled = Doubled(made)
    doubled.names = [
        name for name, count in Counter(name for name, _ in pairs).items() if count > 1
    ]
    return doubled


def read_fraction(text: str) -> float:
    """Read a number of a JSON text; one that only becomes 0 for want of digits is made infinite."""
    number = float(text)
    return inf if number == 0 and text.lower().partition("e")[0].strip("-0.") else number


def unstorable(value: Any) -> Iterator[FieldError]:
    """Find the strings, numbers and names of a JSON value that would be lost, or become others."""
    waiting: list[_Place] = [_Place(value)]
    while waiting:
        place = waiting.pop()
        item = place.value
        if isinstance(item, str):
            if code := string_problem(item):
                yield FieldError("body", place.pointer(), code, STRING_PROBLEMS[code])
        elif isinstance(item, int | float):
            if not _is_moderate(item):
                message = "must be a finite number, between 1e-40 and 1e40 unless it is 0"
                yield FieldError("body", place.pointer(), "finite_number", message)
        elif isinstance(item, list):
            waiting += [_Place(member, index, place) for index, member in enumerate(item)]
        elif isinstance(item, dict):
            yield from _bad_names(item, place)
            waiting += [
                _Place(member, key, place)
                for key, member in item.items()
                if not string_problem(key)
            ]


def _bad_names(item: dict[str, Any], place: "_Place") -> Iterator[FieldError]:
    for key in item.names if isinstance(item, Doubled) else ():
        if not string_problem(key):  # A pointer could not show it.
            pointer = f"{place.pointer()}/{pointer_step(key)}"
            yield FieldError("body", pointer, "given_twice", "must be given once only")
    for key in item:
        if code := string_problem(key):
            yield FieldError("body", place.pointer(), code, f"a name {STRING_PROBLEMS[code]}")


def _is_moderate(number: float) -> bool:
    """Tell whether a number is one that jsonb does not write out with hundreds of zeros."""
    # Not by isfinite(), which fails for whole numbers of more digits than a float has.
    return number == 0 or 1e-40 <= abs(number) <= 1e40  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class _Place:
    """A value inside of a JSON value; its pointer is made when somebody asks for it."""

    value: Any
    step: int | str = ""
    parent: "_Place | None" = None

    def pointer(self) -> str:
        steps = []
        place = self
        while place.parent:
            steps.append(pointer_step(place.step))
            place = place.parent
        return "".join(f"/{step}" for step in reversed(steps))


def pointer_step(step: int | str) -> str:
    """Escape a step of a JSON Pointer (RFC 6901, 3); one that nobody would read is cut."""
    text = str(step)
    text = text if len(text) <= LONGEST_STEP else text[:LONGEST_STEP] + "…"
    return text.replace("~", "~0").replace("/", "~1")


def string_problem(text: str, location: str = "body") -> str | None:
    """Name what makes a string impossible to store, if anything does."""
    if "\0" in text:
        return "nul_character"
    if location in {"path", "query"} and "\ufffd" in text:
        return "bad_encoding"  # What Werkzeug puts in place of bytes that are no UTF-8.
    return "lone_surrogate" if _SURROGATE.search(text) else None
