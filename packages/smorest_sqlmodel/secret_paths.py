"""Paths that let in whoever knows them: no answer tells what they hold.

An error tells the path of its request, and pages, their monitoring and people pass errors on.
"""

import re
from typing import Protocol, cast

_EXTENSION = "secret_paths"
_HIDDEN = "…"


class _HasExtensions(Protocol):
    extensions: dict[str, object]


class SecretPaths:
    """The beginnings of the paths of an app behind which there are secrets."""

    def __init__(self) -> None:
        self._beginnings: set[str] = set()

    def note(self, rule: str) -> None:
        """Note a route: what follows its first argument is nobody's business."""
        before, is_open, _ = rule.partition("<")
        if is_open:
            self._beginnings.add(before.lower())

    def told(self, path: str) -> str:
        """Tell of a path, without its secret, also of one that is misspelt and leads nowhere."""
        if not self._beginnings:
            return path
        plain = re.sub("/+", "/", path)
        for beginning in self._beginnings:
            if plain.lower().startswith(beginning) and len(plain) > len(beginning):
                return plain[: len(beginning)] + _HIDDEN
        return path


def secret_paths_of(app: _HasExtensions) -> SecretPaths:
    """Get those of an app; it has none until a blueprint says so."""
    return cast("SecretPaths", app.extensions.setdefault(_EXTENSION, SecretPaths()))
