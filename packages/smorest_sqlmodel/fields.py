"""How each field of a model is read out of texts; decided, or refused, when a decorator is applied.

A query, a path, headers, cookies and forms hold names and texts. What the document says of a field
must be what is taken: each kind of value that its JSON Schema names is tried at once, and a field
that texts can't say is a TypeError with the way out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, get_args

from pydantic import (
    AliasChoices,
    BaseModel,
    PydanticInvalidForJsonSchema,
    RootModel,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo
from werkzeug.datastructures import FileStorage

from smorest_sqlmodel.parsing import COMMA_SEPARATED


class How(Enum):
    """In which form a field is written."""

    ONE = "one text"
    REPEATED = "a text for each value"
    SEPARATED = "one text, with commas between the values"
    JSON = "a text of JSON"
    REPEATED_JSON = "a text of JSON for each value"


@dataclass(frozen=True, slots=True)
class Reading:
    """A field by its name on the wire, and how it is written there."""

    name: str
    how: How


_SIMPLE, _ARRAY, _OBJECT, _OBJECTS, _DEEPER = "simple", "array", "object", "objects", "deeper"

_JSON_KINDS = ({_OBJECT}, {_OBJECTS})
"""What a part of a multipart body can say, being JSON itself."""

_SAMPLES = {
    "integer": "1",
    "number": "1.5",
    "boolean": "true",
    "date-time": "2026-01-11T14:00:00Z",
    "date": "2026-01-11",
    "time": "14:00:00Z",
    "duration": "PT1H",
    "uuid": "0199c0de-0000-7000-8000-000000000001",
}
"""A text for each type and format of JSON Schema; any other is as good as another."""

_NEVER = frozenset({"enum", "literal_error", "missing", "is_instance_of", "is_subclass_of"})
"""What pydantic says, besides `..._type`, of a value whose form no text can have."""


@cache
def readings(model: type[BaseModel], location: str) -> tuple[Reading, ...]:
    """Decide how the fields of a model are read; TypeError for what the location can't hold."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        message = f"{location} holds names and texts: it takes a model class, not {model!r}."
        raise TypeError(message)
    if issubclass(model, RootModel):
        message = (
            f"{location} holds names and texts, and {model.__name__} has no fields of its own."
        )
        raise TypeError(message)
    properties, definitions = _described(model)
    return tuple(
        Reading(wire, _how(_Field(model, name, wire, properties[wire], definitions), location))
        for name in model.model_fields
        for wire in [wire_name(model, name)]
    )


@cache
def names_of(model: type[BaseModel]) -> frozenset[str]:
    """Name the fields of a model as the wire does."""
    return frozenset(wire_name(model, name) for name in model.model_fields)


def wire_name(model: type[BaseModel], name: str) -> str:
    """Name a field as the wire and the document do: by its alias where it has one."""
    field = model.model_fields[name]
    alias = field.validation_alias or field.alias or name
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    if not isinstance(alias, str):
        raise _refusal(model, name, "is found by an AliasPath, and only names are read here")
    return alias


def refuse_files(schema: Any) -> None:
    """Refuse a JSON body that holds files: JSON has no place for them."""
    if _mentions_file(schema, set()):
        message = f"{schema!r} holds a file, which JSON can't hold: read it with location='files'."
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class _Field:
    """A field with what the document says of it."""

    model: type[BaseModel]
    name: str
    wire: str
    schema: dict[str, Any]
    definitions: dict[str, Any]

    @property
    def info(self) -> FieldInfo:
        return self.model.model_fields[self.name]

    def refusal(self, why: str) -> TypeError:
        return _refusal(self.model, self.name, why)


def _described(model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Get the JSON Schemas of a model's fields, and the definitions that they refer to."""
    try:
        schema = TypeAdapter(model).json_schema(mode="validation")
    except PydanticInvalidForJsonSchema as error:
        message = f"{model.__name__} can't be documented: {error.message}."
        raise TypeError(message) from error
    definitions: dict[str, Any] = schema.get("$defs", {})
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema.get("properties", {}), definitions


def _how(field: _Field, location: str) -> How:
    is_file = _mentions_file(field.info.annotation, set())
    kinds = set(_kinds(field.schema, field.definitions))
    is_separated = COMMA_SEPARATED in field.info.metadata
    why = None
    if is_file and location != "files":
        why = f"is a file: only location='files' can read it, not {location}"
    elif is_separated and kinds <= {_SIMPLE}:
        why = "is a single value, which has no commas to be separated by"
    elif not kinds <= {_SIMPLE, _ARRAY} and (location != "files" or kinds not in _JSON_KINDS):
        why = (
            f"is more than a value or a list of values, which {location} can't hold: give its "
            "parts fields of their own, use pydantic's Json[...], or read it from a JSON body"
        )
    elif _ARRAY in kinds and location == "cookies":
        why = "has several values, but a cookie holds one"
    if why:
        raise field.refusal(why)
    # As OpenAPI's styles of a location have it (3.1.1, 4.8.12.2).
    in_one = is_separated or location in {"headers", "path"}
    several = How.SEPARATED if in_one else How.REPEATED
    how = {_OBJECT: How.JSON, _OBJECTS: How.REPEATED_JSON, _ARRAY: several}
    found = next((how[kind] for kind in how if kind in kinds), How.ONE)
    if not is_file and found not in {How.JSON, How.REPEATED_JSON}:
        _try(field, found)
    return found


def _alternatives(
    schema: dict[str, Any], definitions: dict[str, Any], within: frozenset[str] = frozenset()
) -> Iterator[dict[str, Any]]:
    """Find what a value may be, null aside: behind references, one by one."""
    if reference := schema.get("$ref"):
        if reference in within:
            return
        target = definitions[reference.rpartition("/")[2]]
        yield from _alternatives(target, definitions, within | {reference})
        return
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, [])]
    for part in parts:
        yield from _alternatives(part, definitions, within)
    types = schema.get("type")
    for kind in types if isinstance(types, list) else [types]:
        if kind != "null" and not (parts and kind is None):
            yield {**schema, "type": kind}


def _kinds(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    for found in _alternatives(schema, definitions):
        if found["type"] == "object":
            yield _OBJECT
        elif found["type"] != "array":
            yield _SIMPLE
        else:
            inner = {kind for item in _items(found) for kind in _kinds(item, definitions)}
            yield _ARRAY if inner <= {_SIMPLE} else _OBJECTS if inner == {_OBJECT} else _DEEPER


def _items(array: dict[str, Any]) -> list[dict[str, Any]]:
    more = array.get("items")
    return [*array.get("prefixItems", []), *([more] if isinstance(more, dict) else [])]


def _try(field: _Field, how: How) -> None:
    """Refuse a field of which the document names a value that no text is taken for."""
    for found in _alternatives(field.schema, field.definitions):
        if found["type"] == "array":
            columns = [_samples(item, field.definitions) for item in _items(found)]
            most = max(map(len, columns), default=0)
            given: list[Any] = [
                [column[row % len(column)] for column in columns if column] for row in range(most)
            ]
        else:
            texts = _samples(found, field.definitions)
            given = texts if how is How.ONE else [[text] for text in texts]
        for value in given:
            if _is_hopeless(field, value):
                why = (
                    f"is not accepted as a text such as {value!r}, though its schema allows it: "
                    "make it less strict, or use a type that can be written as text"
                )
                raise field.refusal(why)


def _samples(schema: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    samples = []
    for found in _alternatives(schema, definitions):
        values = found["enum"] if "enum" in found else [found["const"]] if "const" in found else []
        samples += [
            str(value).lower() if isinstance(value, bool) else str(value)
            for value in values
            if value is not None
        ] or [_SAMPLES.get(found.get("format", ""), _SAMPLES.get(found["type"], "x"))]
    return samples


def _is_hopeless(field: _Field, value: Any) -> bool:
    try:
        field.model.model_validate({field.wire: value})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        own = [detail["type"] for detail in details if detail["loc"][:1] == (field.wire,)]
        return bool(own) and all(code in _NEVER or code.endswith("_type") for code in own)
    except Exception:  # noqa: BLE001  a validator of the model's, which wants its other fields
        return False
    return False


def _mentions_file(annotation: Any, seen: set[Any]) -> bool:
    if annotation is FileStorage:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return False
        seen.add(annotation)
        parts = [field.annotation for field in annotation.model_fields.values()]
        return any(_mentions_file(part, seen) for part in parts)
    return any(_mentions_file(part, seen) for part in get_args(annotation))


def _refusal(model: type[BaseModel], name: str, why: str) -> TypeError:
    return TypeError(f"{model.__name__}.{name} {why}.")
