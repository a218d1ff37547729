"""RFC 9457 problem details: how errors look on the wire, and how exceptions become them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from flask import Flask, Response, current_app, request
from pydantic import MISSING, BaseModel, Field
from pydantic_core import to_json
from werkzeug.exceptions import HTTPException

from smorest_sqlmodel.aborted import Aborted
from smorest_sqlmodel.errors import ApiError, FieldError, MisconfiguredError
from smorest_sqlmodel.path import template_of
from smorest_sqlmodel.secret_paths import secret_paths_of

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemError(BaseModel):
    """What is wrong with one value of the request."""

    location: str = Field(
        description="body, query, path, header, cookie, form or files.", examples=["body"]
    )
    pointer: str = Field(
        description="JSON Pointer (RFC 6901) to the value, inside its location.",
        examples=["/username"],
    )
    code: str = Field(description="A stable word for programs.", examples=["already_exists"])
    message: str = Field(description="A sentence for people.", examples=["is already taken"])


class Problem(BaseModel):
    """An error, as RFC 9457 has it; the members after `instance` only where they say something."""

    type: str = Field(
        description="What kind of problem it is; a stable URI for programs.",
        examples=["urn:problem:conflict"],
    )
    title: str = Field(description="The kind in words.", examples=["Conflict"])
    status: int = Field(description="The status of the answer.", examples=[409])
    detail: str | None = Field(
        description="What happened this time.",
        examples=["The order is shipped; that is final."],
    )
    instance: str = Field(description="The path of the request.", examples=["/orders"])
    errors: list[ProblemError] | MISSING = Field(
        default=MISSING, description="The values that are not acceptable."
    )
    current: str | MISSING = Field(
        default=MISSING,
        description="409: the state in which the row is.",
        examples=["shipped"],
    )
    allowed: list[str] | MISSING = Field(
        default=MISSING,
        description="409: the states that may follow it; none after a final one.",
        examples=[[]],
    )
    outcome: Literal["unknown"] | MISSING = Field(
        default=MISSING, description="503, 409, 412: the write may have been done, or not."
    )


Translate = Callable[[BaseException], ApiError | None]

EXTENSION = "problems"
"""Where an app keeps how its errors are told."""

TYPES = "urn:problem:"
"""What the URI of a problem's type begins with, unless an app has its own."""


@dataclass(frozen=True, slots=True)
class _Telling:
    """How an app's errors are told."""

    translate: Translate | None
    types: str


def init_app(app: Flask, translate: Translate | None = None, *, types: str = TYPES) -> None:
    """Answer every error of an app with problem details.

    `translate` finds what other errors than those of `errors.py` mean to a client, such as those of
    a database; None for a fault of the service itself. `types` is what the URI of a problem's type
    begins with: its code follows.
    """
    app.extensions[EXTENSION] = _Telling(translate, types)
    app.register_error_handler(ApiError, from_api_error)
    app.register_error_handler(HTTPException, _from_http_exception)
    app.register_error_handler(Exception, from_exception)


def type_of(code: str, app: Flask | None = None) -> str:
    """Make the URI of a problem's type, as the current app or another one has it."""
    telling: _Telling = (app or current_app).extensions[EXTENSION]
    return telling.types + code


def problem(
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    errors: list[FieldError] | None = None,
    **members: Any,
) -> Response:
    """Make the response to an error."""
    path = secret_paths_of(current_app).told(request.path)
    body = problem_details(status, type_of(code), title, detail, path, **members)
    if errors:
        body["errors"] = [
            {
                "location": error.location,
                "pointer": error.pointer,
                "code": error.code,
                "message": error.message,
            }
            for error in errors
        ]
    return Response(to_json(body), status, content_type=MEDIA_TYPE)


def problem_details(
    status: int, type_: str, title: str, detail: str | None, path: str, **members: Any
) -> dict[str, Any]:
    """Describe an error as RFC 9457 has it; `path` is that of the request."""
    return {
        "type": type_,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": path,
        **members,
    }


def from_api_error(error: ApiError) -> Response:
    """Answer with an error; one that a person has to mend goes to the log, too."""
    if isinstance(error, MisconfiguredError):
        logger.error("%s", error.detail)
    response = problem(
        error.status, error.code, error.title, error.detail, error.errors, **error.members
    )
    response.headers.extend(error.headers)
    return response


def _from_http_exception(error: HTTPException) -> Response:
    if error.response is not None and isinstance(error.response, Response):
        return error.response
    status = error.code or 500
    code = error.name.lower().replace(" ", "-")
    told = Aborted.of(error)
    response = problem(status, code, error.name, told.message or error.description, told.errors)
    for name, value in [*error.get_headers(), *told.headers.items()]:
        if name.lower() not in {"content-type", "content-length"}:
            response.headers.add(name, value)
    return response


def from_exception(error: Exception) -> Response:
    """Answer with what an exception means to the client; a fault goes to the log."""
    telling: _Telling = current_app.extensions[EXTENSION]
    translated = telling.translate(error) if telling.translate else None
    if translated is not None:
        return from_api_error(translated)
    # Not the request's own method and path, which may hold anything.
    what = (
        f"{request.method} {template_of(request.url_rule.rule)}"
        if request.url_rule
        else "A request"
    )
    logger.error("%s failed", what, exc_info=error)
    return problem(
        500,
        "internal-error",
        "Internal Server Error",
        "The service failed on this request; the fault is in its log.",
    )
