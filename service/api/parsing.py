"""Reads the parts of a request into models, and says what is wrong with them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import isfinite
from typing import Annotated, Any, get_args, get_origin

from flask import request
from pydantic import BaseModel, InstanceOf, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from service.errors import (
    BadRequestError,
    FieldError,
    InvalidInputError,
    UnsupportedMediaTypeError,
)

UploadedFile = Annotated[
    FileStorage,
    InstanceOf(),
    WithJsonSchema({"type": "string", "format": "binary"}),
]
"""A file of a multipart body, as Werkzeug hands it over."""

Values = MultiDict[str, Any] | Headers | dict[str, Any]


class CommaSeparated:
    """Marks a list in a query that is written as one parameter: `fields=id,name`."""


COMMA_SEPARATED = CommaSeparated()

MOST_ERRORS = 50
"""How many bad values an answer names; a hostile body could have a million."""

LONGEST_STEP = 200
"""How much of a name a pointer shows."""

# What pydantic lets pass or can't point to, and Postgres refuses: U+0000, lone surrogates,
# numbers that are none. The bytes are searched first, because hardly any body has them.
_SUSPICIOUS = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|NaN|Infinity|[eE][+-]?\d{2}|\d{40}")
_SURROGATE = re.compile("[\ud800-\udfff]")

_STRING_PROBLEMS = {
    "nul_character": "must not contain the character U+0000",
    "bad_encoding": "must be percent-encoded UTF-8",
    "lone_surrogate": "must not contain half a surrogate pair; it is no Unicode text",
}


@cache
def adapter(schema: Any) -> TypeAdapter[Any]:
    """Get the validator of a type, made once."""
    return TypeAdapter(schema)


def read_body() -> bytes:
    """Read the whole body.

    Raises BadRequestError when less came than was announced, RequestEntityTooLarge when there is
    more than MAX_CONTENT_LENGTH, also when nothing was announced.
    """
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

    Raises UnsupportedMediaTypeError for another media type, BadRequestError for what is no JSON and
    InvalidInputError, with a pointer each, for values that are not acceptable.
    """
    body = read_body()
    if not body and not required:
        body = b"{}"
    elif not request.is_json:
        message = f"The body must be application/json, not {request.mimetype or 'untyped'}."
        raise UnsupportedMediaTypeError(message)
    if _SUSPICIOUS.search(body):
        errors = list(islice(_unstorable(_loads(body)), MOST_ERRORS))
        if errors:
            message = "Some values of the body can't be stored."
            raise InvalidInputError(message, errors=errors)
    try:
        return adapter(schema).validate_json(body, strict=True)
    except ValidationError as error:
        raise _from_json(error, body) from error


def _loads(body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise _not_json(str(error)) from error
    except (ValueError, RecursionError) as error:
        message = "it is nested too deeply, has a number of too many digits, or is not UTF-8"
        raise _not_json(message) from error


def _not_json(why: str) -> BadRequestError:
    return BadRequestError(
        "The body is not valid JSON.", errors=[FieldError("body", "", "json_invalid", why)]
    )


def _from_json(error: ValidationError, body: bytes) -> BadRequestError | InvalidInputError:
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
    where = {"body": "the body", "query": "the query", "path": "the path"}.get(location, location)
    return InvalidInputError(f"Some values of {where} are not acceptable.", errors=errors)


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message.replace(
        "Extra inputs are not permitted", "Unknown name; nothing of that name is taken"
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
        pointer += "/" + _escaped(key)
    return pointer


def _unstorable(value: Any) -> Iterator[FieldError]:
    """Find the strings and numbers of a JSON value that the database could not hold."""
    waiting: list[_Place] = [_Place(value)]
    while waiting:
        place = waiting.pop()
        item = place.value
        if isinstance(item, str):
            if code := string_problem(item):
                yield FieldError("body", place.pointer(), code, _STRING_PROBLEMS[code])
        elif isinstance(item, float):
            if not _is_moderate(item):
                message = "must be a finite number, between 1e-40 and 1e40 unless it is 0"
                yield FieldError("body", place.pointer(), "finite_number", message)
        elif isinstance(item, list):
            waiting += [_Place(member, index, place) for index, member in enumerate(item)]
        elif isinstance(item, dict):
            for key, member in item.items():
                if code := string_problem(key):
                    message = f"a name {_STRING_PROBLEMS[code]}"
                    yield FieldError("body", place.pointer(), code, message)
                else:
                    waiting.append(_Place(member, key, place))


def _is_moderate(number: float) -> bool:
    """Tell whether a number is one that jsonb does not write out with hundreds of zeros."""
    return isfinite(number) and (number == 0 or 1e-40 <= abs(number) <= 1e40)  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class _Place:
    """A value inside of a JSON value; its pointer is made when somebody asks for it."""

    value: Any
    step: int | str = ""
    parent: "_Place | None" = None

    def pointer(self) -> str:
        steps = []
        place = self
        while place.parent:
            steps.append(_escaped(place.step))
            place = place.parent
        return "".join(f"/{step}" for step in reversed(steps))


def _escaped(step: int | str) -> str:
    """Escape a step of a JSON Pointer (RFC 6901, 3); one that nobody would read is cut."""
    text = str(step)
    text = text if len(text) <= LONGEST_STEP else text[:LONGEST_STEP] + "…"
    return text.replace("~", "~0").replace("/", "~1")


def string_problem(text: str, location: str = "body") -> str | None:
    """Name what makes a string impossible to store, if anything does."""
    if "\0" in text:
        return "nul_character"
    if location in {"path", "query"} and "\ufffd" in text:
        return "bad_encoding"  # What Werkzeug puts in place of bytes that are no UTF-8.
    return "lone_surrogate" if _SURROGATE.search(text) else None


def read_values(
    model: type[BaseModel],
    location: str,
    values: Values,
) -> BaseModel:
    """Read a model from names and texts: query, path, headers, form, files.

    Names that the model does not have are left to the caller. Raises InvalidInputError.
    """
    if names_of(model).isdisjoint(values.keys()) and (defaults := _defaults(model)):
        return defaults
    given: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        texts = _all_of(values, key)
        errors += [
            FieldError(location, f"/{key}", code, _STRING_PROBLEMS[code])
            for text in texts
            if isinstance(text, str) and (code := string_problem(text, location))
        ]
        if not texts:
            continue
        if COMMA_SEPARATED in field.metadata:
            given[key] = [part for text in texts if text for part in text.split(",")]
        elif is_list(field.annotation):
            given[key] = texts
        elif len(texts) == 1:
            given[key] = texts[0]
        else:
            message = "must be given once only"
            errors.append(FieldError(location, f"/{key}", "given_twice", message))
    if errors:
        message = f"Some values of the {location} are not acceptable."
        raise InvalidInputError(message, errors=errors)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid(location, details, given) from error


def _all_of(values: Values, key: str) -> list[Any]:
    if isinstance(values, MultiDict | Headers):
        return values.getlist(key)
    return [values[key]] if key in values else []


@cache
def _defaults(model: type[BaseModel]) -> BaseModel | None:
    """Get what a model is when nothing is given; None when it wants something."""
    try:
        return model.model_validate({})
    except ValidationError:
        return None


def is_list(annotation: Any) -> bool:
    """Tell whether a field takes several values, be it optional or not."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_origin(annotation) is list or any(is_list(item) for item in get_args(annotation))


@cache
def names_of(model: type[BaseModel]) -> frozenset[str]:
    """Name the fields of a model as the wire does."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def reject_unknown(values: MultiDict[str, Any], known: frozenset[str], location: str) -> None:
    """Refuse names that the operation does not have: most are misspelt."""
    taken = f"; taken are {', '.join(sorted(known))}" if known else "; none is taken"
    errors = [
        FieldError(location, f"/{_escaped(name)}", "extra_forbidden", "Unknown name" + taken)
        for name in islice((name for name in values if name not in known), MOST_ERRORS)
    ]
    if errors:
        message = f"The {location} has unknown names."
        raise InvalidInputError(message, errors=errors)
