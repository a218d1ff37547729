"""What a view returns becomes the answer that its decorators document."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request
from flask_smorest.utils import (
    resolve_schema_instance,
    set_status_and_headers_in_response,
    unpack_tuple_response,
)
from marshmallow import Schema
from werkzeug import Response as BaseResponse
from werkzeug.datastructures import Headers

from smorest_sqlmodel.etag import etag_of, is_known_to_client, tag_of
from smorest_sqlmodel.parsing import adapter
from smorest_sqlmodel.places import LOCATION, place_of
from smorest_sqlmodel.problems import MEDIA_TYPE, Problem

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is documented: its schema, its media type, and whether it has an ETag.

    `location` names the view that shows what the answer tells of, where it has a `Location`.
    """

    schema: Any
    content_type: str | None = None
    etag: bool = False
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The body of an answer as it goes to the wire.

    `version` is what its ETag says, where it is a number, and `id` what its Location is made of.
    `created` false makes a 201 a 200: what was to be made is there already.
    """

    body: str | bytes
    version: object = None
    created: bool = True
    id: object = None


PROBLEM = Answer(Problem, MEDIA_TYPE)


def answers_of(view: Callable[..., Any]) -> dict[int, Answer]:
    """Get the answers that a view's decorators document, by status.

    It is one dict for all layers of decorators, in whatever order they stand.
    """
    answers: dict[int, Answer] = view.__dict__.setdefault("_answers", {})
    return answers


def is_of_flask_smorest(schema: Any) -> bool:
    """Tell whether flask-smorest knows a schema itself: marshmallow's, a dict or a name."""
    if isinstance(schema, type):
        return issubclass(schema, Schema)
    return isinstance(schema, Schema | dict | str)


def respond(
    returned: Any, status: int, answers: dict[int, Answer], write: Callable[[Any, Answer], Written]
) -> BaseResponse:
    """Answer with what a view returned: a value, with another status or headers if it likes.

    The value is written as the answer of its status is documented; one that no decorator documents
    is taken for the usual one.
    """
    value, given_status, given_headers = unpack_tuple_response(returned)
    if isinstance(value, BaseResponse):
        set_status_and_headers_in_response(value, given_status, given_headers)
        return value
    headers = Headers(given_headers)
    given_status = int(str(given_status)[:3]) if given_status else None
    answer = answers.get(given_status or status, answers[status])
    status = given_status or status
    written = write(value, answer)
    if not written.created and status == HTTPStatus.CREATED:
        status = HTTPStatus.OK
    if answer.etag and status < HTTPStatus.BAD_REQUEST:
        tag = tag_of(written.version, written.body)
        headers["ETag"] = etag_of(tag)
        if request.method in {"GET", "HEAD"} and is_known_to_client(tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    if answer.location and status < HTTPStatus.BAD_REQUEST:
        headers[LOCATION] = place_of(answer.location, written.id)
    content_type = answer.content_type or JSON if written.body else None
    return Response(written.body, status, headers, content_type=content_type)


def write(value: Any, answer: Answer) -> Written:
    """Validate and write a value as its answer is documented; ValidationError for what can't be."""
    body = _body(answer, value)
    row_id = value.get("id") if isinstance(value, dict) else getattr(value, "id", None)
    return Written(body, getattr(value, "version", None), id=row_id)


def _body(answer: Answer, value: Any) -> str | bytes:
    if answer.schema is None:
        return b"" if value is None else current_app.json.dumps(value)
    if is_of_flask_smorest(answer.schema):
        schema = resolve_schema_instance(answer.schema)
        return current_app.json.dumps(schema.dump(value) if isinstance(schema, Schema) else value)
    if answer.content_type and "json" not in answer.content_type and isinstance(value, str | bytes):
        return value
    written = adapter(answer.schema)
    return written.dump_json(written.validate_python(value, from_attributes=True), by_alias=True)
