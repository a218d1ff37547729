"""Reads the answers of Neon's API: JSON objects, and its form of errors."""

import json
from typing import Any

from service.errors import ConfigurationError


class _Object(dict[str, Any]):
    """A JSON object whose readers need not be prepared for members that are not there."""

    def __missing__(self, name: str) -> Any:
        message = f"Neon's API gave an answer without {name!r}; is NEON_API_URL right?"
        raise ConfigurationError(message)


def read(data: bytes) -> dict[str, Any]:
    """Read an answer; an empty one (204: there is no such thing any more) has no members."""
    try:
        found = json.loads(data or b"{}", object_hook=_Object)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        message = "Neon's API answered with something else than JSON; is NEON_API_URL right?"
        raise ConfigurationError(message)
    return found


def read_error(data: bytes) -> tuple[str, str]:
    """Read what Neon says of an error, in one line, and its id for the request.

    It is `{"request_id": "...", "code": "...", "message": "..."}`, the id being optional.
    """
    try:
        found = json.loads(data)
        said = "".join(letter if letter.isprintable() else " " for letter in found["message"])
        return " ".join(said.split()).rstrip("."), str(found.get("request_id") or "")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "it gives no reason", ""
