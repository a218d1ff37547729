"""Reads the body of a request as JSON, and says what is wrong with it."""

import json
from functools import cache
from itertools import islice
from math import inf
from typing import Annotated, Any

from flask import current_app, request
from pydantic import BaseModel, InstanceOf, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from smorest_sqlmodel.errors import (
    BadRequestError,
    FieldError,
    InvalidInputError,
    UnsupportedMediaTypeError,
)
from smorest_sqlmodel.json_text import (
    count_strings,
    count_values,
    is_deeper_than,
    look_at_names,
    may_be_unstorable,
    outside_strings,
)
from smorest_sqlmodel.unstorable import object_of, pointer_step, read_fraction, unstorable

UploadedFile = Annotated[
    FileStorage,
    InstanceOf(),
    WithJsonSchema({"type": "string", "format": "binary"}),
]
"""A file of a multipart body, as Werkzeug hands it over."""


class CommaSeparated:
    """Marks a list in a query that is written as one parameter: `fields=id,name`."""


COMMA_SEPARATED = CommaSeparated()

MOST_ERRORS = 50
"""How many bad values an answer names; a hostile body could have a million."""

TOO_MANY_ERRORS = 1000
"""From how many bad values on none is named."""


@cache
def adapter(schema: Any) -> TypeAdapter[Any]:
    """Get the validator of a type, made once."""
    return TypeAdapter(schema)


def read_body() -> bytes:
    """Read the whole body.

    Raises UnsupportedMediaTypeError for a compressed one (RFC 9110, 15.5.16), BadRequestError when
    less came than was announced, RequestEntityTooLarge when there is more than MAX_CONTENT_LENGTH,
    also when nothing was announced.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        message = "The body must not be compressed."
        raise UnsupportedMediaTypeError(message, headers={"Accept-Encoding": "identity"})
    body = request.get_data(cache=True)
    if request.content_length is None:
        # Werkzeug stops reading at the limit without a word.
        if len(body) >= (request.max_content_length or len(body) + 1):
            raise RequestEntityTooLarge
    elif len(body) < request.content_length:
        message = "The body is shorter than its Content-Length."
        raise BadRequestError(message)
    return body


def read_json(schema: Any, *, required: bool = True) -> Any:
    """Read the body as JSON, straight from its bytes, in strict mode.

    Raises UnsupportedMediaTypeError for another media type, BadRequestError for what is no JSON or
    nested in more than MAX_JSON_DEPTH levels, RequestEntityTooLarge for more than MAX_JSON_VALUES
    values and InvalidInputError, with a pointer each, for values that are not acceptable.
    """
    body = read_body()
    if not body and not required:
        body = b"{}"
    elif not request.is_json:
        kind = request.mimetype or "missing"
        message = f"The body must be application/json; its Content-Type is {kind}."
        raise UnsupportedMediaTypeError(message)
    names = check_json(body)
    if names > TOO_MANY_ERRORS and _takes_no_other(schema):
        # Pydantic would make an error of each, at some 300 bytes.
        message = f"The body has {names} names, most of which are unknown."
        raise InvalidInputError(message)
    try:
        return adapter(schema).validate_json(body, strict=True)
    except ValidationError as error:
        raise _from_json(error, body) from error


def check_json(text: bytes) -> int:
    """Refuse JSON that is too much, too deep, or can't be kept as it is: errors of `read_json`.

    Returns how many names its outermost object has.
    """
    most = current_app.config.get("MAX_JSON_VALUES") or inf
    if count_strings(text) // 2 > most:
        raise _too_many(most)
    outside = outside_strings(text)
    if count_values(outside) > most:
        raise _too_many(most)
    deepest = current_app.config.get("MAX_JSON_DEPTH") or inf
    if is_deeper_than(deepest, outside):
        raise _too_deep(deepest)
    has_a_name_twice, names = look_at_names(text)
    if has_a_name_twice or may_be_unstorable(text, outside):
        errors = list(islice(unstorable(_loads(text)), MOST_ERRORS))
        if errors:
            message = "Some values of the body can't be stored unchanged."
            raise InvalidInputError(message, errors=errors)
    return names


def _takes_no_other(schema: Any) -> bool:
    is_model = isinstance(schema, type) and issubclass(schema, BaseModel)
    return is_model and schema.model_config.get("extra") == "forbid"


def _too_many(most: float) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body holds more than {most} values; send it in parts.")


def _too_deep(deepest: float) -> BadRequestError:
    why = f"is nested more than {deepest} levels deep"
    return BadRequestError(f"The body {why}.", errors=[FieldError("body", "", "too_deep", why)])


def _loads(body: bytes) -> Any:
    try:
        return json.loads(body, object_pairs_hook=object_of, parse_float=read_fraction)
    except json.JSONDecodeError as error:
        raise _not_json(str(error)) from error
    except (ValueError, RecursionError) as error:
        message = "it is nested too deeply, has a number with too many digits, or is not UTF-8"
        raise _not_json(message) from error


def _not_json(why: str) -> BadRequestError:
    return BadRequestError(
        "The body is not valid JSON.", errors=[FieldError("body", "", "json_invalid", why)]
    )


def _from_json(error: ValidationError, body: bytes) -> BadRequestError | InvalidInputError:
    if (count := error.error_count()) > TOO_MANY_ERRORS:
        # Their list alone would take a second for a million; most often they are unknown names.
        return InvalidInputError(f"{count} values of the body are unknown or not acceptable.")
    details = error.errors(include_url=False, include_context=False, include_input=False)
    if details[0]["type"] == "json_invalid":
        return _not_json(details[0]["msg"].removeprefix("Invalid JSON: "))
    return invalid("body", details, _loads(body))


def invalid(location: str, details: list[ErrorDetails], value: Any) -> InvalidInputError:
    """Make the answer to values that pydantic refused; `value` is what it was given."""
    errors = [
        FieldError(
            location,
            _pointer(detail["loc"], value),
            detail["type"],
            _sentence(detail["msg"]),
        )
        for detail in details[:MOST_ERRORS]
    ]
    return InvalidInputError(f"Some values of the {location} are not acceptable.", errors=errors)


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message.replace(
        "Extra inputs are not permitted", "Unknown name; nothing of that name is accepted"
    )


def _pointer(loc: tuple[int | str, ...], value: Any) -> str:
    """Turn pydantic's location into a JSON Pointer (RFC 6901).

    Pydantic puts the names of union members between the keys; they lead nowhere in the value.
    """
    pointer = ""
    index: int
    key: Any
    for index, key in enumerate(loc):
        if (isinstance(value, dict) and key in value) or (
            isinstance(value, list) and isinstance(key, int) and key < len(value)
        ):
            value = value[key]
        elif not (isinstance(value, dict) and index == len(loc) - 1):
            continue
        pointer += "/" + pointer_step(key)
    return pointer
