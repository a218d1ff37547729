"""The OpenAPI 3.1 document: pydantic's JSON Schemas where flask-smorest keeps marshmallow's."""

import http
import json
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import flask_smorest
from flask import Response
from pydantic import MISSING, BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override
from werkzeug.routing import BaseConverter

from smorest_sqlmodel.fields import wire_name
from smorest_sqlmodel.parsing import COMMA_SEPARATED, adapter
from smorest_sqlmodel.problems import MEDIA_TYPE, Problem

Mode = Literal["validation", "serialization"]

REF = "#/components/schemas/{model}"

RETRY_AFTER = {
    "description": "Seconds after which trying again is sensible.",
    "schema": {"type": "integer", "minimum": 0},
}
"""The header of a 503 (RFC 9110, 10.2.3)."""


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
"""What Postgres can store of a text."""


class _JsonSchema(GenerateJsonSchema):
    """Pydantic's JSON Schema, which also says what `api/unstorable.py` refuses of texts.

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


class Api(flask_smorest.Api):
    """flask-smorest's Api, with problem details for errors and pydantic's schemas."""

    ERROR_SCHEMA = {"$ref": REF.format(model="Problem")}  # noqa: RUF012  as flask-smorest has it

    @override
    def _register_responses(self) -> None:
        self.schema(SchemaOf(Problem, "serialization"))
        content = {MEDIA_TYPE: {"schema": self.ERROR_SCHEMA}}
        for status in http.HTTPStatus:
            if status >= http.HTTPStatus.BAD_REQUEST:
                response: dict[str, Any] = {"description": status.phrase, "content": content}
                if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                    response["headers"] = {"Retry-After": RETRY_AFTER}
                self.spec.components.response(status.name, response, lazy=True)
        unexpected = {"description": "Any other error.", "content": content}
        self.spec.components.response("DEFAULT_ERROR", unexpected, lazy=True)

    @override
    def _register_pagination_header(self) -> None:
        """Leave out what flask-smorest's own pages have: nobody here answers with them."""

    @override
    def _register_error_handlers(self) -> None:
        """Leave errors to `api/problems.py`."""

    @override
    def _openapi_json(self) -> Response:
        return Response(self._document, content_type="application/json")

    @cached_property
    def _document(self) -> str:
        """The document as text, made when all blueprints are registered and somebody asks."""
        return json.dumps(self.spec.to_dict(), ensure_ascii=False)

    def schema(self, wanted: SchemaOf) -> dict[str, Any]:
        """Get the JSON Schema of a type; its models become components."""
        schema = _generate(wanted)
        definitions = schema.pop("$defs", {})
        resolved: dict[str, Any] = _rename(schema, self._add_components(definitions, wanted.mode))
        return resolved

    def parameters(self, wanted: "ParametersOf") -> list[dict[str, Any]]:
        """Document the fields of a model as parameters, one each; none of them is ever null."""
        definitions = _generate(SchemaOf(wanted.model, "validation"))["$defs"]
        schema = definitions.pop(wanted.model.__name__)
        schema = _rename(schema, self._add_components(definitions, "validation"))
        return [
            _parameter(field, wanted.location, schema["properties"][wire], wire)
            for name, field in wanted.model.model_fields.items()
            for wire in [wire_name(wanted.model, name)]
        ]

    def _add_components(self, definitions: dict[str, Any], mode: Mode) -> dict[str, str]:
        """Make definitions components, and tell which references have to be renamed for that.

        One name may mean two things: pydantic describes a Decimal differently going in and out.
        """
        known = self.spec.components.schemas
        definitions = {
            name: _as_component(found, name, mode) for name, found in definitions.items()
        }
        suffix = "Input" if mode == "validation" else "Output"
        renamed = {
            REF.format(model=name): REF.format(model=name + suffix)
            for name, definition in definitions.items()
            if name in known and known[name] != definition
        }
        for name, definition in definitions.items():
            component = name + suffix if REF.format(model=name) in renamed else name
            if component not in known:
                self.spec.components.schema(component, _rename(definition, renamed))
        return renamed

    def resolve(self, document: Any) -> Any:
        """Put schemas and parameters in place of their stand-ins, however deep."""
        if isinstance(document, SchemaOf):
            return self.schema(document)
        if isinstance(document, dict):
            return {key: self.resolve(value) for key, value in document.items()}
        if isinstance(document, list):
            resolved: list[Any] = []
            for item in document:
                if isinstance(item, ParametersOf):
                    resolved += self.parameters(item)
                else:
                    resolved.append(self.resolve(item))
            return resolved
        return document


def _generate(wanted: SchemaOf) -> dict[str, Any]:
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


def _rename(schema: Any, renamed: dict[str, str]) -> Any:
    if isinstance(schema, dict):
        return {
            key: renamed.get(value, value) if key == "$ref" else _rename(value, renamed)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_rename(item, renamed) for item in schema]
    return schema


def _as_component(schema: dict[str, Any], name: str, mode: Mode) -> dict[str, Any]:
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


def _parameter(
    field: FieldInfo, location: str, schema: dict[str, Any], name: str
) -> dict[str, Any]:
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


def uuid_parameter(_: BaseConverter) -> dict[str, Any]:
    """Document a UUID in a path."""
    return {"type": "string", "format": "uuid"}
