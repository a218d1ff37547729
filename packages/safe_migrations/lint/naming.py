"""Names that Postgres gives what a statement leaves unnamed, as its makeObjectName does."""

from collections.abc import Collection

_BYTES = 63
"""What an identifier holds (NAMEDATALEN - 1)."""


def object_name(table: str, middle: str, label: str, taken: Collection[str] = ()) -> str:
    """Put a name together: cut to fit, and with a number when it is taken."""
    number = 0
    while True:
        name = _fitting(table, middle, f"{label}{number or ''}")
        if name not in taken:
            return name
        number += 1


def _fitting(table: str, middle: str, label: str) -> str:
    """Shorten the longer one of table and middle until all fits."""
    one, two = table.encode(), middle.encode()
    room = _BYTES - len(label.encode()) - 1 - bool(two)
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    # A letter is never cut in two.
    parts = (one.decode(errors="ignore"), two.decode(errors="ignore"), label)
    return "_".join(filter(None, parts))
