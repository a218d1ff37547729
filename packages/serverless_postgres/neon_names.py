"""Names of Neon's branches: which are given here, and how one stands in a command to be copied.

Without an HTTP library, so that the quickest commands can use it.
"""

import re
import shlex

from plain_commands.errors import InvalidInputError

LONGEST = 256
"""By Neon's API reference v2, "Create branch"."""
# What a terminal, or a log of GitHub's, would act upon, and what can't be written at all; joiners,
# which emoji and some scripts need, stay.
_ACTED_UPON = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# What every shell takes as it is, and `flask neon` for no option; letters of any language.
_PLAIN = re.compile(r"[\w@+:,./][\w@+:,./-]*")
_LIKE_AN_ID = re.compile(r"br(-\w+)+")


def one_line(text: str) -> str:
    """Write a `?` for what would not stand quietly in a line; a name on Neon can hold anything."""
    return _ACTED_UPON.sub("?", text)


def word(name: str, identity: str) -> str:
    """Write a branch for a command: its id where the name would need quotes, or be misunderstood.

    That is a name that looks like an option, or like another branch's id.
    """
    is_plain = _PLAIN.fullmatch(name) and not _LIKE_AN_ID.fullmatch(name)
    return name if is_plain else identity


def flask_neon(*words: str) -> str:
    """Write a command for sentences, which works when it is copied; options stand as they are."""
    quoted = (word if _PLAIN.fullmatch(word.lstrip("-")) else shlex.quote(word) for word in words)
    return " ".join(("flask", "neon", *quoted))


def refuse_unusable(name: str) -> None:
    """Raise InvalidInputError for a new name that nobody could type, or that Neon does not take."""
    faults = {
        "it is empty": not name.strip(),
        "it begins or ends with a space": name != name.strip(),
        "it begins with a dash, as options do": name.startswith("-"),
        "it holds a line break, or another letter that can't be seen": one_line(name) != name,
        f"it has more than {LONGEST} letters": len(name) > LONGEST,
    }
    if fault := next((fault for fault, holds in faults.items() if holds), None):
        message = f"{one_line(name[:LONGEST])!r} can't be the name of a branch: {fault}."
        raise InvalidInputError(message)
