"""JSON text: whether Postgres takes it as `jsonb`, and how to mend it if not.

Nearly all of it is fit for `jsonb` as it stands, and then it goes there untouched: decoding is the
check, the decoded value is thrown away.
"""

import json
import re
from typing import NamedTuple

import jiter

MAX_DEPTH = 500
"""Levels of nesting that whoever reads the JSON later can follow; Python gives up near 1000."""

# Digits of a number once its exponent is worked in (PostgreSQL 18, 8.1 "Numeric Types").
_DIGITS_BEFORE_POINT = 131_072
_DIGITS_AFTER_POINT = 16_383
_EXPONENT_LENGTH = 8

_ENDLESS_INTEGER = re.compile(rf"[0-9]{{{_DIGITS_BEFORE_POINT + 1}}}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"(?:{_SURROGATE_PAIR})|\\u[0-9a-fA-F]{{4}}|\\.", re.DOTALL)
_STRING = r'"(?:[^"\\]|\\.)*"'
_STRING_OR_NUMBER = re.compile(rf"{_STRING}|-?Infinity|NaN|-?[0-9][0-9.eE+-]*", re.DOTALL)
_STRING_OR_BRACKET = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)


class DoubtfulJsonError(Exception):
    """The text is JSON for Python, but Postgres may refuse something in it."""


class Mended(NamedTuple):
    """JSON text that Postgres takes, and what was replaced to make it so."""

    text: str
    characters: int
    numbers: list[str]


def decode(text: str) -> object:
    """Decode JSON that Postgres takes as it stands; numbers come as text, objects as pairs.

    Raises ValueError for what is no JSON, or too deep, and DoubtfulJsonError for what wants `mend`.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        message = "nested too deeply"
        raise ValueError(message)
    value: object = _STRICT.decode(text)
    if r"\u0000" in text or (_SURROGATE.search(text) and not _is_encodable(value)):
        raise DoubtfulJsonError
    if len(text) > _DIGITS_BEFORE_POINT and _ENDLESS_INTEGER.search(text):
        raise DoubtfulJsonError
    return value


def has_a_name_twice(text: str) -> bool:
    """Tell whether an object has a name twice: `jsonb` keeps the last value only."""
    try:
        jiter.from_json(text.encode(errors="replace"), catch_duplicate_keys=True)
    except ValueError as error:
        return "duplicate key" in str(error)
    return False


def mend(text: str) -> Mended:
    """Replace what `jsonb` can't hold, and nothing else.

    U+0000 and lone surrogates become U+FFFD; NaN, infinity and numbers out of range become null.
    Raises ValueError for what is no JSON.
    """
    _LENIENT.decode(text)
    characters = 0
    numbers: list[str] = []

    def mend_escape(match: re.Match[str]) -> str:
        nonlocal characters
        escape = match[0]
        # A pair of surrogates is one escape of twice the length.
        is_lone = len(escape) == len(r"\ud800") and _SURROGATE.match(escape)
        if escape != r"\u0000" and not is_lone:
            return escape
        characters += 1
        return r"\ufffd"

    def mend_token(match: re.Match[str]) -> str:
        token = match[0]
        if token.startswith('"'):
            return _ESCAPE.sub(mend_escape, token)
        if token[-1].isdigit() and _is_in_range(token):
            return token
        numbers.append(token)
        return "null"

    mended = _STRING_OR_NUMBER.sub(mend_token, text)
    return Mended(mended, characters, numbers)


def _is_encodable(value: object) -> bool:
    """Tell whether all surrogates in a decoded value are paired."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_in_range(number: str) -> bool:
    mantissa, _, exponent = number.lower().partition("e")
    integer, _, fraction = mantissa.partition(".")
    if len(exponent) > _EXPONENT_LENGTH:
        return False
    shift = int(exponent or 0)
    return (
        len(integer) + shift <= _DIGITS_BEFORE_POINT
        and len(fraction) - shift <= _DIGITS_AFTER_POINT
    )


def _fraction(text: str) -> str:
    if not _is_in_range(text):
        raise DoubtfulJsonError
    return text


def _constant(_text: str) -> None:
    raise DoubtfulJsonError


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            deepest = max(depth, deepest)
        elif match[0] in "]}":
            depth -= 1
    return deepest


# Integers as text: Python refuses to convert those of more than 4300 digits. Members as pairs: a
# dictionary would lose one of two that have the same name, and with it what Postgres refuses in it.
_STRICT = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=_fraction, parse_constant=_constant
)
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)
