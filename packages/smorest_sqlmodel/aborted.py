"""What marshmallow and flask-smorest's `abort` say of a request, as errors of problem details."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from werkzeug.exceptions import HTTPException

from smorest_sqlmodel.errors import PLACES, FieldError
from smorest_sqlmodel.unstorable import pointer_step

_LOCATIONS = {
    **{name: name for name in ("body", "query", "path", "header", "cookie", "form", "files")},
    **PLACES,
}


@dataclass(frozen=True, slots=True)
class Aborted:
    """What `abort(422, message=..., errors=..., headers=...)` was given."""

    message: str | None
    errors: list[FieldError]
    headers: Mapping[str, str]

    @classmethod
    def of(cls, error: HTTPException) -> Self:
        """Read it where webargs leaves it; an exception of Werkzeug's own has nothing of it."""
        data: dict[str, Any] = getattr(error, "data", None) or {}
        said = data.get("errors") or data.get("messages") or {}
        errors = list(_of_request(said if isinstance(said, Mapping) else {"body": said}))
        told = "Some values of the request are not acceptable." if "messages" in data else None
        return cls(data.get("message") or told, errors, data.get("headers") or {})


def _of_request(said: Mapping[Any, Any]) -> Iterator[FieldError]:
    for key, inner in said.items():
        if key in _LOCATIONS:
            yield from _errors(inner, _LOCATIONS[key], "")
        else:
            yield from _errors({key: inner}, "body", "")


def _errors(said: Any, location: str, pointer: str) -> Iterator[FieldError]:
    """Point to each value of which something is said; `_schema` is said of the whole."""
    if isinstance(said, Mapping):
        for key, inner in said.items():
            step = "" if key == "_schema" else f"/{pointer_step(key)}"
            yield from _errors(inner, location, pointer + step)
    elif isinstance(said, list | tuple):
        for inner in said:
            yield from _errors(inner, location, pointer)
    else:
        yield FieldError(location, pointer, "invalid", str(said))
