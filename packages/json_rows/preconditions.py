"""If-Match: the version of a row that a change is meant for (RFC 9110, 13.1.1)."""

import re
from typing import Any

from flask import request

from smorest_sqlmodel.errors import InvalidInputError, PreconditionRequiredError

IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "description": 'The ETag of the version that the change is meant for, such as "1", or *.',
    # In the documentation's page it fits whatever was tried before.
    "example": "*",
    "schema": {
        "type": "string",
        "pattern": r'^(?:\*|(?:W/)?"[0-9]+"(?:, (?:W/)?"[0-9]+")*)$',
    },
}

_ETAG = re.compile(r'\s*"([^"]*)"\s*')
_MOST_DIGITS = 10
_MOST_TAGS = 100


def wanted_versions(*, required: bool) -> list[int] | None:
    """Read the versions that `If-Match` names; None means any.

    Raises PreconditionRequiredError when the header is wanted and absent, InvalidInputError when it
    is no list of entity tags. A tag that no version can have, a weak one included, matches nothing.
    """
    text = request.headers.get("If-Match")
    if text is None:
        if required:
            message = (
                "Send If-Match with the version that the change is meant for: "
                "the ETag of your last GET, or * for any."
            )
            raise PreconditionRequiredError(message)
        return None
    if text.strip() == "*":
        return None
    if text.count(",") >= _MOST_TAGS:
        message = f"must not name more than {_MOST_TAGS} versions"
        raise InvalidInputError.of(
            location="header", name="If-Match", code="too_many_etags", message=message
        )
    versions = []
    for part in filter(str.strip, text.split(",")):
        tag = _ETAG.fullmatch(part.strip().removeprefix("W/"))
        if tag is None:
            message = 'must be *, or entity tags such as "3"'
            raise InvalidInputError.of(
                location="header", name="If-Match", code="bad_etag", message=message
            )
        value = tag.group(1)
        if (
            not part.strip().startswith("W/")
            and value.isascii()
            and value.isdigit()
            and value[0] != "0"
        ):
            versions.append(int(value) if len(value) < _MOST_DIGITS else -1)
    return versions
