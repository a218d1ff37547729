"""Reads the answers of Neon's API: JSON objects, and its form of errors."""

import json
from typing import Any

from plain_commands.errors import ConfigurationError
from serverless_postgres.neon_names import one_line


class _Object(dict[str, Any]):
    """A JSON object whose readers need not be prepared for members that are not there."""

    def __missing__(self, name: str) -> Any:
        message = f"Neon's API gave an answer without {name!r}; is NEON_API_URL right?"
        raise ConfigurationError(message)


def read(data: bytes) -> dict[str, Any]:
    """Read an answer; a member that is null is not there."""
    try:
        found = json.loads(data, object_hook=_object)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        message = "Neon's API answered with something other than JSON; is NEON_API_URL right?"
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


def _object(members: dict[str, Any]) -> _Object:
    return _Object(
        {name: _quiet(name, value) for name, value in members.items() if value is not None}
    )


def _quiet(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # A diff alone has lines, and tabs.
    if name == "diff":
        return "".join(part if part in "\n\t" else one_line(part) for part in value)
    return one_line(value)
