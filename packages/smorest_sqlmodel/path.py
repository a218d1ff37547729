"""Path segments that are more than text."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

from typing_extensions import override
from werkzeug.routing import BaseConverter

from smorest_sqlmodel.errors import FieldError, InvalidInputError

_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


_ARGUMENT = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


class UUIDConverter(BaseConverter):
    """A UUID; `require_uuids` answers for anything else in its place."""

    part_isolating = True

    @override
    def to_python(self, value: str) -> UUID | str:
        # Python's UUID takes much more than RFC 9562, 4 allows. An error raised here would be lost:
        # routing runs outside of the error handlers.
        return UUID(value) if _UUID.fullmatch(value) else value

    @override
    def to_url(self, value: UUID) -> str:
        return str(value)


def require_uuids(arguments: dict[str, object], names: frozenset[str]) -> None:
    """Refuse the arguments of a path that should be UUIDs and are not."""
    errors = [
        FieldError("path", f"/{name}", "uuid_parsing", "must be a UUID")
        for name in names
        if isinstance(arguments[name], str)
    ]
    if errors:
        message = "The path has an id that is not a UUID."
        raise InvalidInputError(message, errors=errors)


def argument_names(rule: str) -> set[str]:
    """Name the arguments of a rule."""
    return set(re.findall(r"<(?:[^<>]+:)?(\w+)>", rule))


@cache
def template_of(rule: str) -> str:
    """Write a route of Werkzeug's as OpenAPI does: `/books/{title}`."""
    return _ARGUMENT.sub(r"{\1}", rule)


@cache
def parts_of(rule: str) -> tuple[str, ...]:
    """Cut a route in parts: every second one names an argument."""
    return tuple(_ARGUMENT.split(rule))


def fill(rule: str, values: Mapping[str, object]) -> str:
    """Write the path that a route has with these values of its arguments."""
    return "".join(
        quote(str(values[part])) if number % 2 else part
        for number, part in enumerate(parts_of(rule))
    )


def path_parameters(
    rule: str, examples: Mapping[str, str], documented: list[Any] | None
) -> list[dict[str, Any]]:
    """Document the arguments of a rule that have examples, besides what is documented already."""
    known = {item["name"] for item in documented or [] if isinstance(item, dict)}
    return [
        *(documented or []),
        *(
            {"in": "path", "name": name, "example": examples[name]}
            for name in sorted(argument_names(rule) & examples.keys() - known)
        ),
    ]
