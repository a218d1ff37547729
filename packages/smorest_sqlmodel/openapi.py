"""The OpenAPI 3.1 document: pydantic's JSON Schemas where flask-smorest keeps marshmallow's."""

import http
import json
import re
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from typing import Any, Literal

import flask_smorest
from flask import Flask, Response
from flask_smorest.utils import prepare_response
from pydantic import MISSING, BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override
from werkzeug.routing import BaseConverter

from smorest_sqlmodel import problems
from smorest_sqlmodel.fields import wire_name
from smorest_sqlmodel.parsing import COMMA_SEPARATED, adapter
from smorest_sqlmodel.path import UUIDConverter
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


class Api(flask_smorest.Api):
    """flask-smorest's Api, with problem details for errors and pydantic's schemas.

    Errors of the app become problem details; `problems.init_app` before this says more of them.
    pydantic's schemas want OPENAPI_VERSION 3.1: Blueprints that use some raise TypeError otherwise.
    """

    @override
    def init_app(self, app: Flask, *, spec_kwargs: dict[str, Any] | None = None) -> None:
        """Put the API into an app, before its blueprints."""
        if problems.EXTENSION not in app.extensions:
            problems.init_app(app)
        super().init_app(app, spec_kwargs=spec_kwargs)
        self.register_converter(UUIDConverter, _uuid_parameter)

    @override
    def _register_error_handlers(self) -> None:
        """Leave errors to `problems.py`."""

    @override
    def _register_responses(self) -> None:
        schema: dict[str, Any] = {"type": "object"}
        if self._is_for_pydantic:
            schema = self.schema(SchemaOf(Problem, "serialization"))
            properties = self.spec.components.schemas["Problem"]["properties"]
            properties["type"]["examples"] = [problems.type_of("conflict", self._app)]
        for status in http.HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status >= http.HTTPStatus.BAD_REQUEST:
                response["schema"] = schema
            if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                response["headers"] = {"Retry-After": RETRY_AFTER}
            self._register_response(status.name, response)
        unexpected = {"description": "Any other error.", "schema": schema}
        self._register_response("DEFAULT_ERROR", unexpected)

    def _register_response(self, name: str, response: dict[str, Any]) -> None:
        prepare_response(response, self.spec, MEDIA_TYPE)
        self.spec.components.response(name, response, lazy=True)

    @override
    def _register_pagination_header(self) -> None:
        """Leave the schema of flask-smorest's pages out, until a blueprint has some."""

    @override
    def _openapi_json(self) -> Response:
        return Response(self._document, content_type="application/json")

    @cached_property
    def _document(self) -> str:
        """The document as text, made when all blueprints are registered and somebody asks."""
        app: Flask = self._app
        return app.json.dumps(self.spec.to_dict(), ensure_ascii=False, sort_keys=False)

    @property
    def _is_for_pydantic(self) -> bool:
        """Tell whether the document's schemas are JSON Schema's, as pydantic's are."""
        version = self.spec.openapi_version
        return (version.major, version.minor) >= (3, 1)

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
        """Make definitions components, and tell which references have to be renamed for that."""
        definitions = {
            name: _as_component(found, name, mode) for name, found in definitions.items()
        }
        names = {name: self._component(name, definitions, mode) for name in definitions}
        renamed = {
            REF.format(model=name): REF.format(model=component)
            for name, component in names.items()
            if component != name
        }
        for name, component in names.items():
            if component not in self.spec.components.schemas:
                self.spec.components.schema(component, _rename(definitions[name], renamed))
        return renamed

    def _component(self, name: str, definitions: dict[str, Any], mode: Mode) -> str:
        """Name the component of a definition: as it is called, unless that is something else.

        One name may mean several things: pydantic describes a Decimal differently going in and out,
        and two modules may each have a class of that name.
        """
        meaning = name, json.dumps(_reached(name, definitions), sort_keys=True)
        if meaning not in self._components:
            other = name + ("Input" if mode == "validation" else "Output")
            taken = {*self.spec.components.schemas, *self._components.values()}
            names = chain((name, other), (f"{other}{number}" for number in count(2)))
            self._components[meaning] = next(free for free in names if free not in taken)
        return self._components[meaning]

    def operation_id(self, name: str, method: str) -> str:
        """Name an operation: after its view, unless another one has that name already."""
        names = chain((name, f"{method}_{name}"), (f"{method}_{name}_{n}" for n in count(2)))
        found = next(free for free in names if free not in self._operations)
        self._operations.add(found)
        return found

    @cached_property
    def _operations(self) -> set[str]:
        """The names of operations that are taken."""
        return set()

    @cached_property
    def _components(self) -> dict[tuple[str, str], str]:
        """The names of components, by what they are called in Python and what they mean."""
        return {}

    def resolve(self, document: Any) -> Any:
        """Put schemas and parameters in place of their stand-ins, however deep.

        Raises TypeError for a document of OpenAPI 3.0 or 2, whose schemas are another language.
        """
        if isinstance(document, SchemaOf | ParametersOf) and not self._is_for_pydantic:
            message = (
                "pydantic describes its models in JSON Schema, which OpenAPI has from 3.1 on: set "
                f'OPENAPI_VERSION to "3.1.0", not "{self.spec.openapi_version}".'
            )
            raise TypeError(message)
        if isinstance(document, SchemaOf):
            return self.schema(document)
        if isinstance(document, ParametersOf):
            return self.parameters(document)
        if isinstance(document, dict):
            return {key: self.resolve(value) for key, value in document.items()}
        if isinstance(document, list):
            resolved: list[Any] = []
            for item in document:
                found = self.resolve(item)
                resolved += found if isinstance(item, ParametersOf) else [found]
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


def _reached(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Find the definitions that one of them refers to, itself included."""
    reached: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        found = waiting.pop()
        if found in definitions and found not in reached:
            reached[found] = definitions[found]
            waiting += re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(reached[found]))
    return reached


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


def _uuid_parameter(_: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "format": "uuid"}
