"""Texts that people have typed, made fit for formats in which controls mean much."""

import re

_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Controls, and what XML can't hold (XML 1.0, 2.2)."""


def lines(text: str) -> str:
    r"""Write a text with \n for each line end, whichever it had, and without other controls."""
    return _UNPRINTABLE.sub("", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """Write a text on one line, without controls."""
    return " ".join(lines(text).split())


def clock(minute: int) -> str:
    """Write a minute as the clock shows it; past midnight as 24:30, 25:00 and so on."""
    return f"{minute // 60:02}:{minute % 60:02}"
