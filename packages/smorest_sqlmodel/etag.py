"""ETag and If-None-Match: which version of something an answer shows (RFC 9110, 8.8.3 and 13)."""

import hashlib
from typing import Any

from flask import request

ETAG = {
    "description": "The version of what was answered (RFC 9110, 8.8.3).",
    "schema": {"type": "string", "examples": ['"1"']},
}
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the version that the client has.",
    "schema": {"type": "string", "examples": ['"1"']},
}


def etag_of(version: int | str) -> str:
    """Write a version, or what stands for it, as a strong entity tag."""
    return f'"{version}"'


def tag_of(version: object, body: str | bytes) -> str:
    """Name a version: by its number, or where it has none, by its content."""
    if isinstance(version, int):
        return str(version)
    data = body.encode() if isinstance(body, str) else body
    return hashlib.sha256(data).hexdigest()[:32]


def is_known_to_client(version: int | str) -> bool:
    """Tell whether `If-None-Match` names this version."""
    tags = request.if_none_match
    return tags.star_tag or tags.contains_weak(str(version))
