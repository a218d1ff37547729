"""Finds the setting that a misspelt name means."""

from collections.abc import Collection
from difflib import SequenceMatcher

_UNITS = ("_S", "_MS", "_BYTES", "_HOURS")
_SHORT = 6
"""Names up to this length, such as PORT, are one letter away from many words."""
_OURS_ALONE = 10
"""From this length on a name looks like a setting of this program, and of no other."""


def meant_in_file(name: str, known: Collection[str]) -> str | None:
    """Find what a name in `.env` means, of which two letters, case, a `_` or the unit are wrong."""
    return next((setting for setting in known if _is_near(name, setting)), None)


def meant_in_environment(name: str, known: Collection[str]) -> str | None:
    """Find what a name in the environment means, where most names are those of other programs.

    A false alarm there would be worse than a missed one. So only long names count, and only one
    wrong letter, two that changed places, the case or a `_`. DATABASE_URL_2 may be a second one,
    and READ_TIMEOUT that of another program.
    """
    if name[-1:].isdigit():
        return None
    return next(
        (
            setting
            for setting in known
            if len(setting) >= _OURS_ALONE
            and setting not in {name + unit for unit in _UNITS}
            and _edits(_plain(name), _plain(setting)) <= 1
        ),
        None,
    )


def _is_near(name: str, setting: str) -> bool:
    if _plain(name) in {_plain(setting.removesuffix(unit)) for unit in ("", *_UNITS)}:
        return True
    return _edits(_plain(name), _plain(setting)) <= (1 if len(setting) <= _SHORT else 2)


def _plain(name: str) -> str:
    return name.upper().replace("_", "").replace("-", "")


def _edits(one: str, other: str) -> int:
    """Count the letters that differ, two that changed places as one; 3 stands for more than 2."""
    # Most names are told apart by this alone, which takes a tenth of the time.
    if abs(len(one) - len(other)) > 2 or len(set(one) ^ set(other)) > 4:  # noqa: PLR2004
        return 3
    changes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    count = sum(max(b - a, d - c) for kind, a, b, c, d in changes if kind != "equal")
    if count == 2 and sorted(one) == sorted(other):  # noqa: PLR2004
        return 1
    return min(count, 3)
