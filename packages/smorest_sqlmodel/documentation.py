"""What the bridge tells OpenAPI of a view, kept where flask-smorest's decorators keep it."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import wraps
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any

from flask import current_app

from smorest_sqlmodel.etag import ETAG, IF_NONE_MATCH
from smorest_sqlmodel.fields import names_of
from smorest_sqlmodel.json_schema import ParametersOf, SchemaOf
from smorest_sqlmodel.openapi import Api
from smorest_sqlmodel.path import argument_names

View = Callable[..., Any]

_BODIES = {"json", "form", "files"}


def documentation_of(view: View) -> dict[str, Any]:
    """Get what flask-smorest keeps of a view, as a copy of its own for this layer."""
    documentation: dict[str, Any] = deepcopy(getattr(view, "_apidoc", {}))
    view._apidoc = documentation  # type: ignore[attr-defined]  # noqa: SLF001
    return documentation


def add_input(documentation: dict[str, Any], documented: Any, *, last: bool = False) -> None:
    """Document what a view takes.

    Decorators are applied from the innermost to the outermost, which comes first in the document;
    `last` leaves it behind. Raises TypeError for a second body, or a parameter of a name taken.
    """
    parameters = documentation.setdefault("arguments", {}).setdefault("parameters", [])
    taken = {name for parameter in parameters for name in _names(parameter)}
    if again := sorted(taken & set(_names(documented))):
        where = ", ".join(" ".join(filter(None, place)) for place in again)
        message = (
            f"{where}: this is read twice. Put what is sent beside a file into the model of the "
            "files, and each query parameter into one model only."
        )
        raise TypeError(message)
    parameters.insert(len(parameters) if last else 0, documented)


def _names(documented: Any) -> list[tuple[str, str]]:
    """Name what is documented, by location and name; all bodies are one."""
    if isinstance(documented, ParametersOf):
        return [(documented.location, name) for name in names_of(documented.model)]
    if not isinstance(documented, dict):
        return []
    if documented["in"] in _BODIES:
        return [("body", "")]
    return [(documented["in"], documented["name"])] if "name" in documented else []


def check_path(documentation: dict[str, Any], rule: str) -> None:
    """Raise TypeError for a model of the path that wants what the rule does not have."""
    parameters = documentation.get("arguments", {}).get("parameters", [])
    wanted = {name for item in parameters for place, name in _names(item) if place == "path"}
    if missing := sorted(wanted - argument_names(rule)):
        message = f"The path {rule} has no {', '.join(missing)}, which the model of the path reads."
        raise TypeError(message)


def add_query(documentation: dict[str, Any], names: Iterable[str] = ()) -> None:
    """Note which query parameters a view knows, and that it speaks pydantic."""
    documentation["query"] = documentation.get("query", frozenset()).union(names)


def known_query(documentation: dict[str, Any]) -> frozenset[str] | None:
    """Name the query parameters that a view knows; None where flask-smorest reads others."""
    parameters = documentation.get("arguments", {}).get("parameters", [])
    read_by_marshmallow = "pagination" in documentation or any(
        isinstance(item, dict) and item["in"] in {"query", "querystring"} for item in parameters
    )
    return None if read_by_marshmallow else documentation.get("query")


def synchronous(view: View) -> View:
    """Make a view that is a coroutine function one that can be called, as Flask does."""
    if not iscoroutinefunction(view):
        return view

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return current_app.ensure_sync(view)(*args, **kwargs)

    return wrapper


def add_response(
    documentation: dict[str, Any],
    status: int,
    schema: Any,
    *,
    description: str | None = None,
    content_type: str | None = None,
    **options: Any,
) -> None:
    """Document an answer and its schema."""
    response: dict[str, Any] = {
        "description": description or HTTPStatus(status).phrase,
        "content_type": content_type,
        **{name: value for name, value in options.items() if value},
    }
    if schema is not None:
        response["schema"] = SchemaOf(schema, "serialization")
    responses = documentation.setdefault("response", {}).setdefault("responses", {})
    responses.setdefault(int(status), []).append(response)


def add_errors(documentation: dict[str, Any], *statuses: HTTPStatus) -> None:
    """Document problem details, unless a view has documented the status itself."""
    responses = documentation.setdefault("response", {}).setdefault("responses", {})
    for status in statuses:
        responses.setdefault(int(status), [status.name])


def resolve_models(
    document: dict[str, Any], information: dict[str, Any], *, api: Api, method: str, **_: object
) -> dict[str, Any]:
    """Put JSON Schemas where the decorators left types; the first callback of the document."""
    if "operation" in information:
        document["operationId"] = api.operation_id(information["operation"], method)
    for part in ("arguments", "response"):
        if part in information:
            information[part] = api.resolve(information[part])
    return document


def document_view(documentation: dict[str, Any], name: str, rule: str, methods: set[str]) -> None:
    """Document what holds for each view: the operation's id, its errors, and 304 with an ETag."""
    parameters = documentation.setdefault("arguments", {}).setdefault("parameters", [])
    documentation["operation"] = name
    add_errors(documentation, HTTPStatus.UNPROCESSABLE_ENTITY)
    if "<" in rule:
        add_errors(documentation, HTTPStatus.NOT_FOUND)
    if any(isinstance(item, dict) and item["in"] in _BODIES for item in parameters):
        add_errors(
            documentation,
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    if documentation.pop("etag_returned", False) and "GET" in methods:
        parameters.append(IF_NONE_MATCH)
        not_modified = {"description": "The client has this version.", "content_type": None}
        responses = documentation["response"]["responses"]
        responses[int(HTTPStatus.NOT_MODIFIED)] = [not_modified | {"headers": {"ETag": ETAG}}]
    if not parameters:
        del documentation["arguments"]["parameters"]


def add_header(documentation: dict[str, Any], name: str, header: dict[str, Any]) -> None:
    """Document a header of all answers that tell of success."""
    for status in documentation.get("success_status_codes", []):
        for response in documentation["response"]["responses"][status]:
            response.setdefault("headers", {})[name] = header
