"""Where values come from: a body, a query, a path, headers, cookies or a form."""

from typing import Any, Literal, get_args

from flask import request
from werkzeug.datastructures import MultiDict

from smorest_sqlmodel.fields import names_of, readings, refuse_files
from smorest_sqlmodel.parsing import read_json
from smorest_sqlmodel.texts import read_form, read_values

Location = Literal["json", "query", "path", "headers", "cookies", "form", "files"]


def check_location(schema: Any, location: Location) -> None:
    """Raise TypeError for what a location can't hold as it would be documented."""
    if location not in get_args(Location):
        message = f"There is no location {location!r}; choose from {', '.join(get_args(Location))}."
        raise TypeError(message)
    if location == "json":
        refuse_files(schema)
    else:
        readings(schema, location)


def read(schema: Any, location: Location, kwargs: dict[str, Any], *, required: bool) -> Any:
    """Read what a decorator asks for; a model of the path takes its arguments out of `kwargs`."""
    if location == "json":
        return read_json(schema, required=required)
    if location == "path":
        values = {name: kwargs.pop(name) for name in names_of(schema)}
        return read_values(schema, "path", MultiDict(values))
    if location in {"form", "files"}:
        return read_form(schema, location)
    sources: dict[str, Any] = {
        "query": request.args,
        "headers": request.headers,
        "cookies": request.cookies,
    }
    return read_values(schema, location, sources[location])
