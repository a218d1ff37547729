"""What the bridge tells OpenAPI of a view, kept where flask-smorest's decorators keep it."""

from collections.abc import Callable
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from service.api import consistency, idempotency
from service.api.openapi import Api, SchemaOf
from service.api.parsing import names_of
from service.api.preconditions import IF_NONE_MATCH

View = Callable[..., Any]

_BODIES = {"json", "form", "files"}

ETAG = {"description": "The version of the row (RFC 9110, 8.8.3).", "schema": {"type": "string"}}
LOCATION = {
    "description": "Where the new row is (RFC 9110, 10.2.2).",
    "schema": {"type": "string", "format": "uri-reference"},
}
LINK = {
    "description": 'The next page, as rel="next" (RFC 8288); absent on the last one.',
    "schema": {"type": "string"},
}


def documentation_of(view: View) -> dict[str, Any]:
    """Get what flask-smorest keeps of a view, as a copy of its own for this layer."""
    documentation: dict[str, Any] = deepcopy(getattr(view, "_apidoc", {}))
    view._apidoc = documentation  # type: ignore[attr-defined]  # noqa: SLF001
    return documentation


def add_query(documentation: dict[str, Any], model: type[BaseModel]) -> None:
    """Note which query parameters a view knows; all others are refused."""
    documentation["query"] = documentation.get("query", frozenset()) | names_of(model)


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
    document: dict[str, Any], information: dict[str, Any], *, api: Api, **_: object
) -> dict[str, Any]:
    """Put JSON Schemas where the decorators left types; the first callback of the document."""
    for part in ("arguments", "response"):
        if part in information:
            information[part] = api.resolve(information[part])
    return document


def document_service(
    documentation: dict[str, Any], name: str, rule: str, methods: set[str], *, is_of_rows: bool
) -> None:
    """Document what the outermost layer does: its errors, its headers, the operation's id.

    `is_of_rows` tells whether the view is about what the database keeps, not about the service.
    """
    parameters = documentation.setdefault("arguments", {}).setdefault("parameters", [])
    documentation.setdefault("manual_doc", {})["operationId"] = name
    add_errors(documentation, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
    if "<" in rule:
        add_errors(documentation, HTTPStatus.NOT_FOUND)
    if any(isinstance(item, dict) and item["in"] in _BODIES for item in parameters):
        add_errors(
            documentation,
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    responses = documentation["response"]["responses"]
    if "POST" in methods:
        parameters.append(idempotency.PARAMETER)
        add_errors(documentation, HTTPStatus.CONFLICT)
        _add_header(documentation, idempotency.REPLAYED, idempotency.REPLAYED_DOC)
    if is_of_rows and "GET" in methods:
        parameters.append(consistency.PARAMETER)
    elif is_of_rows:
        _add_header(documentation, consistency.HEADER, consistency.HEADER_DOC)
    if documentation.pop("etag_returned", False) and "GET" in methods:
        parameters.append(IF_NONE_MATCH)
        not_modified = {"description": "The client has this version.", "content_type": None}
        responses[int(HTTPStatus.NOT_MODIFIED)] = [not_modified | {"headers": {"ETag": ETAG}}]
    if not parameters:
        del documentation["arguments"]["parameters"]


def _add_header(documentation: dict[str, Any], name: str, header: dict[str, Any]) -> None:
    """Document a header of all answers that tell of success."""
    for status in documentation.get("success_status_codes", []):
        for response in documentation["response"]["responses"][status]:
            response.setdefault("headers", {})[name] = header
