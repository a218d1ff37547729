"""Usernames: one spelling for each, and none that can pass for another (UTS 39).

Python's unicodedata does not know scripts; `regex` does. Its import takes 50 ms, so it waits for
the first name that is not ASCII.
"""

import re
import unicodedata
from functools import cache
from typing import Any

LENGTH = 100

_JAMO = re.compile("([\u3131-\u3163\u3165-\u318e]+)")
"""ㅋㅋ: letters that stand alone, of which NFKC would make halves of syllables."""

_NARROW_JAMO = {
    code: int(unicodedata.decomposition(chr(code)).split()[1], 16)
    for code in range(0xFFA1, 0xFFDD)
    if unicodedata.decomposition(chr(code))
}
_STYLE = dict.fromkeys((0xFE0E, 0xFE0F))
"""They ask for an emoji as text or as a picture: ❤ and ❤️ are one."""

_HALF_SYLLABLE = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_TOGETHER = ("Latn Hani Hang", "Latn Hani Hira Kana", "Latn Hani Bopo")
"""Scripts that are written side by side, of letters that nobody mixes up (UTS 39, 5.2)."""
_ALONE = """
    Cyrl Grek Arab Hebr Thai Deva Beng Geor Armn Ethi Khmr Laoo Mymr Taml Telu Knda Mlym Gujr
    Guru Orya Sinh Thaa Tibt Adlm Bali Bamu Batk Cakm Cham Cher Rohg Java Kali Lepc Limb Lisu
    Mand Mtei Plrd Talu Newa Nkoo Hmnp Olck Osge Saur Sund Sylo Syrc Tale Lana Tfng Vaii Wcho
    Yiii Cans Mong
"""
"""All others in which people write today (UAX 31, tables 5 and 7), the frequent ones first."""


def fold(name: str) -> str:
    """Write a name as all its spellings are: fullwidth letters narrow, single spaces, composed."""
    if not name.isascii():
        parts = _JAMO.split(name.translate(_NARROW_JAMO).translate(_STYLE))
        parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
        name = "".join(parts)
    return " ".join(name.split())


def spellings(name: str) -> list[str]:
    """List how a name may be stored: as it is written, if it is an old one, or folded."""
    return list(dict.fromkeys((unicodedata.normalize("NFC", name), fold(name))))


def oddity(name: str) -> str | None:
    """Say what is wrong with a name that can pass for another."""
    if name.isascii():
        return None
    folded = fold(name)
    return unseen(name) or _misfit(folded) or _stranger(folded)


def _misfit(folded: str) -> str | None:
    if not folded:
        return "must have a character that can be seen"
    if len(folded) > LENGTH:
        return f"must have at most {LENGTH} characters once its letters are written one by one"
    half = _HALF_SYLLABLE.search(folded)
    return f"{_at(folded, half.start())}, which is half a syllable" if half else None


def _stranger(folded: str) -> str | None:
    known = 0
    for scripts in (*_TOGETHER, *_ALONE.split()):
        known = max(known, _written_in(scripts).match(folded).end())
        if known == len(folded):
            return None
    rule = "must be of one script, or of Latin with Korean, Japanese or Chinese"
    return f"{rule}: {_at(folded, known)}"


def unseen(text: str) -> str | None:
    """Name a character of a text that nobody sees, or that is shown by nothing."""
    if text.isascii() or not (found := _invisible().search(text.translate(_STYLE))):
        return None
    place = text.index(found[0])
    return f"{_at(text, place)}, which nobody can see"


def checked(name: str) -> str:
    """Fold a name; raises ValueError for one that can pass for another."""
    if odd := oddity(name):
        raise ValueError(odd)
    return fold(name)


def _at(text: str, place: int) -> str:
    letter = text[place]
    called = unicodedata.name(letter, "no character")
    return f"character {place + 1} is U+{ord(letter):04X} ({called})"


@cache
def _invisible() -> Any:
    import regex  # type: ignore[import-untyped]  # noqa: PLC0415  see above

    # A Braille pattern without dots is a picture of nothing.
    return regex.compile(r"[\p{C}\p{Default_Ignorable_Code_Point}\u2800]")


@cache
def _written_in(scripts: str) -> Any:
    import regex  # noqa: PLC0415  see above

    every = "".join(rf"\p{{scx={script}}}" for script in ("Zyyy", "Zinh", *scripts.split()))
    return regex.compile(f"[{every}]*+")
