"""The OpenAPI 3.1 document: pydantic's JSON Schemas where flask-smorest keeps marshmallow's."""

import http
import json
from functools import cached_property
from itertools import chain, count
from typing import Any

import flask_smorest
from flask import Flask, Response
from flask_smorest.utils import prepare_response
from typing_extensions import override
from werkzeug.routing import BaseConverter

from smorest_sqlmodel import problems
from smorest_sqlmodel.fields import wire_name
from smorest_sqlmodel.json_schema import (
    REF,
    Mode,
    ParametersOf,
    SchemaOf,
    as_component,
    generate,
    parameter_of,
    reached,
    rename,
)
from smorest_sqlmodel.path import UUIDConverter
from smorest_sqlmodel.problems import MEDIA_TYPE, Problem

RETRY_AFTER = {
    "description": "Seconds after which trying again is sensible.",
    "schema": {"type": "integer", "minimum": 0},
}
"""The header of a 503 (RFC 9110, 10.2.3)."""


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
        schema = generate(wanted)
        definitions = schema.pop("$defs", {})
        resolved: dict[str, Any] = rename(schema, self._add_components(definitions, wanted.mode))
        return resolved

    def parameters(self, wanted: "ParametersOf") -> list[dict[str, Any]]:
        """Document the fields of a model as parameters, one each; none of them is ever null."""
        definitions = generate(SchemaOf(wanted.model, "validation"))["$defs"]
        schema = definitions.pop(wanted.model.__name__)
        schema = rename(schema, self._add_components(definitions, "validation"))
        return [
            parameter_of(field, wanted.location, schema["properties"][wire], wire)
            for name, field in wanted.model.model_fields.items()
            for wire in [wire_name(wanted.model, name)]
        ]

    def _add_components(self, definitions: dict[str, Any], mode: Mode) -> dict[str, str]:
        """Make definitions components, and tell which references have to be renamed for that."""
        definitions = {name: as_component(found, name, mode) for name, found in definitions.items()}
        names = {name: self._component(name, definitions, mode) for name in definitions}
        renamed = {
            REF.format(model=name): REF.format(model=component)
            for name, component in names.items()
            if component != name
        }
        for name, component in names.items():
            if component not in self.spec.components.schemas:
                self.spec.components.schema(component, rename(definitions[name], renamed))
        return renamed

    def _component(self, name: str, definitions: dict[str, Any], mode: Mode) -> str:
        """Name the component of a definition: as it is called, unless that is something else.

        One name may mean several things: pydantic describes a Decimal differently going in and out,
        and two modules may each have a class of that name.
        """
        meaning = name, json.dumps(reached(name, definitions), sort_keys=True)
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


def _uuid_parameter(_: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "format": "uuid"}
