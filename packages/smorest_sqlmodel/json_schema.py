"""pydantic's JSON Schemas as OpenAPI has them, and what stands for them until the app is known."""

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import MISSING, BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override

from smorest_sqlmodel.parsing import COMMA_SEPARATED, adapter

Mode = Literal["validation", "serialization"]

REF = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class SchemaOf:
    """Stands in a view's documentation for the JSON Schema of a type, until the app is known."""

    type: Any
    mode: Mode


@dataclass(frozen=True, slots=True)
class ParametersOf:
    """Stands in a view's documentation for the parameters of a model's fields."""

    model: type[BaseModel]
    location: str


NO_NUL = r"^[^\u0000]*$"
"""A text as `unstorable.py` has it: databases such as Postgres can't store a NUL."""


class _JsonSchema(GenerateJsonSchema):
    """Pydantic's JSON Schema, which also says what `unstorable.py` refuses of texts.

    What goes out is always there, unless it is MISSING by default. Titles that only repeat a
    field's name are left out.
    """

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "validation" or field["type"] == "typed-dict-field":
            return super().field_is_required(field, total)
        may_lack = field["schema"].get("default") is MISSING
        return not may_lack and not field.get("serialization_exclude_if")

    @override
    def str_schema(self, schema: Any) -> dict[str, Any]:
        described = super().str_schema(schema)
        if self.mode == "validation":
            described.setdefault("pattern", NO_NUL)
        return described

    @override
    def dict_schema(self, schema: Any) -> dict[str, Any]:
        described = super().dict_schema(schema)
        # A pattern for names says nothing of those that don't match it.
        if NO_NUL in described.get("patternProperties", {}):
            described["additionalProperties"] = described.pop("patternProperties")[NO_NUL] or True
        return described


def generate(wanted: SchemaOf) -> dict[str, Any]:
    """Describe a type; the models that it refers to, and is, are in `$defs`."""
    schema = adapter(wanted.type).json_schema(
        mode=wanted.mode, ref_template=REF, schema_generator=_JsonSchema
    )
    if (
        isinstance(wanted.type, type)
        and issubclass(wanted.type, BaseModel)
        and "$ref" not in schema
    ):
        # Pydantic inlines the outermost model; here it is a component like the others.
        definitions = schema.pop("$defs", {})
        name = wanted.type.__name__
        return {"$ref": REF.format(model=name), "$defs": {**definitions, name: schema}}
    return schema


def reached(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Find the definitions that one of them refers to, itself included."""
    reached: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        found = waiting.pop()
        if found in definitions and found not in reached:
            reached[found] = definitions[found]
            waiting += re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(reached[found]))
    return reached


def rename(schema: Any, renamed: dict[str, str]) -> Any:
    """Put other references in place of those of a schema, however deep."""
    if isinstance(schema, dict):
        return {
            key: renamed.get(value, value) if key == "$ref" else rename(value, renamed)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [rename(item, renamed) for item in schema]
    return schema


def as_component(schema: dict[str, Any], name: str, mode: Mode) -> dict[str, Any]:
    """Say in words what a member is when it is left out, and let the component's name be the title.

    To generators of clients a `default` means that the member is always there, and a title is the
    name of a class, of which there may be only one.
    """
    schema = {key: value for key, value in schema.items() if (key, value) != ("title", name)}
    properties = {name: dict(member) for name, member in schema.get("properties", {}).items()}
    for member in properties.values():
        default = member.pop("default", None)
        if mode == "validation" and default not in (None, [], {}):
            told = f"Left out: {json.dumps(default, ensure_ascii=False)}."
            member["description"] = f"{member.get('description', '')} {told}".lstrip()
    return {**schema, "properties": properties} if properties else schema


def parameter_of(
    field: FieldInfo, location: str, schema: dict[str, Any], name: str
) -> dict[str, Any]:
    """Document a field as a parameter of a location; none of them is ever null."""
    own = _never_null(deepcopy(schema))
    parameter: dict[str, Any] = {
        "name": name,
        "in": {"headers": "header", "cookies": "cookie"}.get(location, location),
        "required": location == "path" or field.is_required(),
        "schema": own,
    }
    if description := own.pop("description", None):
        parameter["description"] = description
    if location == "path" and (examples := own.pop("examples", None)):
        parameter["example"] = examples[0]
    if COMMA_SEPARATED in field.metadata:
        parameter |= {"style": "form", "explode": False}
    return parameter


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("default", ...) is None:
        del schema["default"]
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) > 1:
        return {"anyOf": kinds, **schema}
    return {**schema, **kinds[0]} if kinds else schema
