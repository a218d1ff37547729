"""Judges the text of a JSON body before anybody parses it.

Reading it into models costs a multiple of this, with the interpreter's lock held; what is refused
here is cheap. Nearly all of it is a few passes over bytes in C. What it says of a text that is no
JSON means nothing: the parser refuses that.
"""

import re
from itertools import accumulate

import jiter

_ESCAPED_ODDITY = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789E+", b"0" * 9 + b"e-")
_ODD_NUMBERS = (b"N", b"I", b"0" * 40, b"e00", b"e-00")

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = [(byte in b"[{") - (byte in b"]}") for byte in range(256)]


def count_strings(body: bytes) -> int:
    """Count the strings of a body, names included; at least half of them are found."""
    return (body.count(b'"') - body.count(rb"\"")) // 2


def outside_strings(body: bytes) -> bytes:
    """Leave out what stands inside of strings, and the quotes themselves."""
    if b"\\" in body:
        # In this order: the second backslash of a pair escapes nothing.
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(body.split(b'"')[::2])


def may_be_unstorable(body: bytes, outside: bytes) -> bool:
    r"""Tell whether a body may hold what Postgres refuses, and pydantic does not point to.

    That is `\u0000`, half a surrogate pair, NaN and Infinity, and numbers of 40 digits or an
    exponent of two. Hardly any body has them; text that only looks like them may be named as well.
    """
    if b"\\u" in body and _ESCAPED_ODDITY.search(body):
        return True
    # Outside of strings only NaN and Infinity have capital letters, and only exponents a digit
    # after an e.
    shape = outside.translate(_DIGITS_AS_ZEROS)
    for odd in _ODD_NUMBERS:  # noqa: SIM110  `any` would enter a generator for each of them
        if odd in shape:
            return True
    return False


def look_at_names(body: bytes) -> tuple[bool, int]:
    r"""Tell whether an object of a body, however deep, has a name twice (`"a"` is `"\u0061"`).

    Which of the two counts differs from one parser to the next (RFC 8259, 4; RFC 7493, 2.3).
    Pydantic's takes the last without a word; this is the same one, 2 µs for a small body. Also
    returns how many names the outermost object has.
    """
    try:
        value = jiter.from_json(body, catch_duplicate_keys=True)
    except ValueError as error:
        return "duplicate key" in str(error), 0
    return False, len(value) if isinstance(value, dict) else 0


def count_values(outside: bytes) -> int:
    """Count the values of a body, arrays and objects included; empty ones may count twice."""
    return 1 + outside.count(b",") + outside.count(b"[") + outside.count(b"{")


def is_deeper_than(limit: float, outside: bytes) -> bool:
    """Tell whether arrays and objects are nested in more than `limit` levels."""
    opened = outside.count(b"[") + outside.count(b"{")
    # What closes more than it opens is no JSON, and might do so for millions of steps.
    if opened <= limit or outside.count(b"]") + outside.count(b"}") > opened:
        return False
    brackets = outside.translate(None, _NOT_BRACKETS)
    return any(depth > limit for depth in accumulate(map(_STEPS.__getitem__, brackets)))
