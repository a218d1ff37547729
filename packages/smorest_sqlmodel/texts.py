"""Reads models out of names and texts: query, path, headers, cookies, forms and their files."""

import json
from functools import cache
from itertools import islice
from typing import Any

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import FileStorage, Headers, MultiDict

from smorest_sqlmodel.errors import (
    PLACES,
    ApiError,
    FieldError,
    InvalidInputError,
    UnsupportedMediaTypeError,
)
from smorest_sqlmodel.fields import How, Reading, names_of, readings
from smorest_sqlmodel.parsing import MOST_ERRORS, check_json, invalid
from smorest_sqlmodel.unstorable import STRING_PROBLEMS, pointer_step, string_problem

Values = MultiDict[str, Any] | Headers

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def read_form(model: type[BaseModel], location: str) -> BaseModel:
    """Read a form, with its files.

    Raises UnsupportedMediaTypeError for a body that is none, InvalidInputError for the rest.
    """
    if request.mimetype not in _FORMS and request.get_data():
        kind = request.mimetype or "missing"
        message = f"The body must be {_FORMS[location == 'files']}; its Content-Type is {kind}."
        raise UnsupportedMediaTypeError(message)
    values = MultiDict([*request.form.items(multi=True), *request.files.items(multi=True)])
    reject_unknown(values, names_of(model), location)
    return read_values(model, location, values)


def read_values(model: type[BaseModel], location: str, values: Values) -> BaseModel:
    """Read a model from names and texts.

    Names that the model does not have are left to the caller. Raises InvalidInputError.
    """
    if names_of(model).isdisjoint(values.keys()) and (defaults := _defaults(model)):
        return defaults
    place = PLACES.get(location, location)
    given: dict[str, Any] = {}
    errors: list[FieldError] = []
    for reading in readings(model, location):
        texts = values.getlist(reading.name)
        problems = [
            FieldError(place, f"/{reading.name}", code, STRING_PROBLEMS[code])
            for text in texts
            if isinstance(text, str) and (code := string_problem(text, location))
        ]
        if texts and not problems:
            try:
                given[reading.name] = _value(reading, location, texts)
            except InvalidInputError as error:
                problems = error.errors
        errors += problems
    if errors:
        message = f"Some values of the {location} are not acceptable."
        raise InvalidInputError(message, errors=errors[:MOST_ERRORS])
    try:
        return model.model_validate(given)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise invalid(place, details, given) from error


def _value(reading: Reading, location: str, texts: list[Any]) -> Any:
    if reading.how is How.SEPARATED:
        parts = [part for text in texts if text for part in str(text).split(",")]
        return [part.strip() for part in parts] if location == "headers" else parts
    if reading.how is How.REPEATED:
        return texts
    if reading.how is How.REPEATED_JSON:
        found = [_json(reading, location, text) for text in texts]
        return found[0] if len(found) == 1 and isinstance(found[0], list) else found
    if len(texts) > 1:
        raise InvalidInputError.of(
            location=PLACES.get(location, location),
            name=reading.name,
            code="given_twice",
            message="must be given once only",
        )
    return _json(reading, location, texts[0]) if reading.how is How.JSON else texts[0]


def _json(reading: Reading, location: str, part: str | FileStorage) -> Any:
    """Read a part of a form that is JSON: a field, or what a browser sends as a file."""
    text = part.read() if isinstance(part, FileStorage) else part.encode()
    try:
        check_json(text)
        return json.loads(text)
    except (ApiError, ValueError, RecursionError) as error:
        told = getattr(error, "errors", [])
        raise InvalidInputError(
            str(error),
            errors=[
                FieldError(location, f"/{reading.name}{one.pointer}", one.code, one.message)
                for one in told
            ]
            or [FieldError(location, f"/{reading.name}", "json_invalid", "must be JSON")],
        ) from error


@cache
def _defaults(model: type[BaseModel]) -> BaseModel | None:
    """Get what a model is when nothing is given; None when it wants something."""
    try:
        return model.model_validate({})
    except ValidationError:
        return None


def reject_unknown(values: MultiDict[str, Any], known: frozenset[str], location: str) -> None:
    """Refuse names that the operation does not have: most are misspelt."""
    hint = f"; known are {', '.join(sorted(known))}" if known else "; none is accepted here"
    errors = [
        FieldError(location, f"/{pointer_step(name)}", "extra_forbidden", "Unknown name" + hint)
        for name in islice((name for name in values if name not in known), MOST_ERRORS)
    ]
    if errors:
        message = f"The {location} has unknown names."
        raise InvalidInputError(message, errors=errors)
