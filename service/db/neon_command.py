"""The commands of `flask neon` that sentences advise."""

import shlex


def flask_neon(*words: str) -> str:
    """Write a command that works when it is copied: names with spaces are quoted."""
    return shlex.join(("flask", "neon", *words))
