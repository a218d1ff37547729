"""What a view returns becomes the answer that its decorators document."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, request
from marshmallow import Schema

from json_rows import idempotency
from json_rows.preconditions import etag_of, is_known_to_client, tag_of
from json_rows.statement import Query, Row
from smorest_sqlmodel.parsing import adapter
from smorest_sqlmodel.problems import MEDIA_TYPE, Problem

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is documented: its schema, its media type, and whether it has an ETag."""

    schema: Any
    content_type: str | None = None
    etag: bool = False


PROBLEM = Answer(Problem, MEDIA_TYPE)


def answers_of(view: Callable[..., Any]) -> dict[int, Answer]:
    """Get the answers that a view's decorators document, by status.

    It is one dict for all layers of decorators, in whatever order they stand.
    """
    answers: dict[int, Answer] = view.__dict__.setdefault("_answers", {})
    return answers


def is_marshmallow(schema: Any) -> bool:
    """Tell whether a schema is flask-smorest's own kind."""
    return isinstance(schema, Schema) or (isinstance(schema, type) and issubclass(schema, Schema))


def respond(returned: Any, status: int, answers: dict[int, Answer]) -> Response:
    """Answer with what a view returned: a value, with another status or headers if it likes.

    The value is validated and written as the answer of its status is documented; one that no
    decorator documents is taken for the usual one.
    """
    if isinstance(returned, Response):
        return returned
    value, given_status, headers = _unpack(returned)
    answer = answers.get(given_status or status, answers[status])
    status = given_status or status
    if isinstance(value, Query):
        value = idempotency.run(value)
    if answer.schema is None:
        return Response(status=status, headers=headers)
    is_row = isinstance(value, Row)
    if is_row and not value.created and status == HTTPStatus.CREATED:
        status = HTTPStatus.OK
    body = value.json if is_row else _body(answer, value)
    if answer.etag and status < HTTPStatus.BAD_REQUEST:
        tag = tag_of(getattr(value, "version", None), body)
        headers = headers | {"ETag": etag_of(tag)}
        if request.method in {"GET", "HEAD"} and is_known_to_client(tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, status, headers, content_type=answer.content_type or JSON)


def _unpack(returned: Any) -> tuple[Any, int | None, dict[str, str]]:
    if not isinstance(returned, tuple):
        return returned, None, {}
    value, *rest = returned
    status = next((item for item in rest if isinstance(item, int)), None)
    return value, status, next((item for item in rest if isinstance(item, dict)), {})


def _body(answer: Answer, value: Any) -> str | bytes:
    if is_marshmallow(answer.schema):
        schema = answer.schema() if isinstance(answer.schema, type) else answer.schema
        return json.dumps(schema.dump(value))
    if answer.content_type and "json" not in answer.content_type and isinstance(value, str | bytes):
        return value
    written = adapter(answer.schema)
    return written.dump_json(written.validate_python(value, from_attributes=True), by_alias=True)
