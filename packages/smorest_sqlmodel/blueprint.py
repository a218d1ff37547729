"""The bridge: a flask-smorest Blueprint whose decorators take SQLModel and pydantic classes.

flask-smorest speaks marshmallow. This subclass lets `arguments`, `response` and `alt_response` take
pydantic models, lists and unions of them instead; given a marshmallow schema, they do what they
always did. It writes what it knows of a view where flask-smorest keeps it (`_apidoc`) and adds a
callback to those that prepare the document, both as flask-smorest documents for subclasses.

    @blueprint.post("")
    @blueprint.arguments(BookCreate)
    @blueprint.response(201, BookRead)
    def add_book(new: BookCreate) -> Book: ...

What more a subclass does for each view goes into `_around` and `_written`.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

import flask_smorest
from flask import Flask, Response, request
from flask.views import MethodView
from flask_smorest.pagination import PAGINATION_HEADER
from flask_smorest.utils import get_appcontext
from typing_extensions import override

from smorest_sqlmodel.answers import (
    PROBLEM,
    Answer,
    Written,
    answers_of,
    is_of_flask_smorest,
    respond,
    write,
)
from smorest_sqlmodel.documentation import (
    View,
    add_header,
    add_input,
    add_query,
    add_response,
    check_path,
    document_view,
    documentation_of,
    known_query,
    resolve_models,
    synchronous,
)
from smorest_sqlmodel.etag import ETAG
from smorest_sqlmodel.fields import names_of
from smorest_sqlmodel.guards import Guard
from smorest_sqlmodel.json_schema import ParametersOf, SchemaOf
from smorest_sqlmodel.locations import Location, check_location, read
from smorest_sqlmodel.path import path_parameters, require_uuids
from smorest_sqlmodel.places import (
    LOCATION,
    check_place,
    document_place,
    example_path,
    routes_of,
)
from smorest_sqlmodel.problems import MEDIA_TYPE, Problem
from smorest_sqlmodel.secret_paths import secret_paths_of
from smorest_sqlmodel.texts import reject_unknown


class Blueprint(flask_smorest.Blueprint):
    """A flask-smorest Blueprint that speaks pydantic."""

    def __init__(
        self,
        *args: Any,
        guards: Iterable[Guard] = (),
        path_examples: Mapping[str, str] | None = None,
        has_secret_paths: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make a blueprint; `path_examples` are what the document fills paths with, by argument.

        `guards` look at requests first, one after the other, also for static files and `OPTIONS`.
        With `has_secret_paths` the arguments of its paths are told to nobody, errors included.
        """
        super().__init__(*args, **kwargs)
        self._has_secret_paths = has_secret_paths
        self._guards = tuple(guards)
        for guard in self._guards:
            self.before_request(guard.check)
        self._path_examples = dict(path_examples or {})
        self._places: set[str] = set()
        self._prepare_doc_cbks[:0] = [self._document, resolve_models]

    @override
    def arguments(self, schema: Any, *, location: Location = "json", **options: Any) -> Any:
        """Read a part of the request into a model and pass it to the view.

        `schema` is a model class, for json also a list or union of them. `location` is where the
        values come from; `files` takes form fields and files of one multipart body. Options:
        `required` (json only, default true: an absent body is refused), `description`, `example`,
        `examples`, `content_type`. Several decorators pass their values in the order in which they
        stand; a model of the path takes the place of the route's arguments of the same names.
        Raises TypeError for what can't be read there as it would be documented.
        """
        if is_of_flask_smorest(schema):
            return super().arguments(schema, location=location, **options)
        check_location(schema, location)
        required = options.pop("required", True)
        documented: Any = ParametersOf(schema, location)
        if location in self.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING:
            body = SchemaOf(schema, "validation")
            documented = {"in": location, "required": required, "schema": body, **options}

        def decorator(view: View) -> View:
            view = synchronous(view)

            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                value = read(schema, location, kwargs, required=required)
                return view(*args, value, **kwargs)

            documentation = documentation_of(wrapper)
            add_input(documentation, documented)
            add_query(documentation, names_of(schema) if location == "query" else ())
            return wrapper

        return decorator

    @override
    def response(
        self,
        status_code: int,
        schema: Any = None,
        *,
        etag: bool = False,
        location: str | None = None,
        headers: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Answer with what the view returns: a model, a table's row, anything that fits `schema`.

        With `etag` the answer has an ETag, its value's `version` or else a digest of it, and a GET
        of a version that the client knows answers 304. `location` names the view of this blueprint
        that shows what has been made: the answer has a `Location` made of its path and the value's
        `id`. The view may return `(value, headers)` or `(value, status)` or all three. Options as
        with flask-smorest: `content_type`, `description`, `example`, `examples`.
        """
        if is_of_flask_smorest(schema):
            return super().response(status_code, schema, headers=headers, **options)
        status = int(status_code)
        documented = dict(headers or {}) | ({"ETag": ETAG} if etag else {})
        answer = Answer(schema, options.get("content_type"), etag, location)
        self._places.update([location] if location else [])

        def decorator(view: View) -> View:
            view = synchronous(view)
            answers = answers_of(view)
            answers[status] = answer

            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return respond(view(*args, **kwargs), status, answers, self._written)

            documentation = documentation_of(wrapper)
            add_response(documentation, status, schema, headers=documented, **options)
            documentation.setdefault("success_status_codes", []).append(status)
            if schema is not None:
                add_query(documentation)
            if etag:
                documentation["etag_returned"] = True
            documentation |= {"location": location} if location else {}
            return wrapper

        return decorator

    @override
    def alt_response(
        self, status_code: int, response: str | None = None, *, schema: Any = None, **options: Any
    ) -> Any:
        """Document another answer: by name of a component, or as with `response`.

        Without name and schema, an error status means problem details. A view that returns
        `(value, status)` answers with it: the value must fit its schema.
        """
        success = options.pop("success", False)
        is_error = response is None and int(status_code) >= HTTPStatus.BAD_REQUEST
        if schema is None and is_error and not any(options.values()):
            response = HTTPStatus(int(status_code)).name
        by_flask_smorest = None
        if response is not None:
            answer = PROBLEM if response in HTTPStatus.__members__ else Answer(Any)
        elif schema is None and is_error:
            answer = PROBLEM
            schema, options = Problem, {"content_type": MEDIA_TYPE, **options}
        else:
            answer = Answer(schema, options.get("content_type"))
        if response is not None or is_of_flask_smorest(schema):
            by_flask_smorest = super().alt_response(
                status_code, response, schema=schema, success=success, **options
            )

        def decorator(view: View) -> View:
            view = synchronous(view)
            answers_of(view)[status_code] = answer
            if by_flask_smorest:
                return cast("View", by_flask_smorest(view))

            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return view(*args, **kwargs)

            documentation = documentation_of(wrapper)
            add_response(documentation, int(status_code), schema, **options)
            if success:
                documentation.setdefault("success_status_codes", []).append(int(status_code))
            return wrapper

        return decorator

    def _written(self, value: Any, answer: Answer) -> Written:
        """Write what a view returned; subclasses know of more than values and models."""
        return write(value, answer)

    def _around(self, view: View, rule: str, methods: set[str]) -> View:  # noqa: ARG002
        """Put around a view what subclasses do for each request, and document it."""
        return view

    @override
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Register a view, inside of the outermost layer, which is the same for all of them.

        The option `path_examples` goes before that of the blueprint.
        """
        examples = self._path_examples | options.pop("path_examples", {})
        options["parameters"] = path_parameters(rule, examples, options.pop("parameters", None))
        methods = {method.upper() for method in options.get("methods") or ["GET"]}
        if isinstance(view_func, type(MethodView)):
            view_func = self._served_class(view_func, rule, methods if "methods" in options else ())
        elif view_func is not None:
            view_func = self._served(view_func, rule, methods, view_func.__name__)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def _served_class(self, views: type[MethodView], rule: str, wanted: Collection[str]) -> Any:
        """Derive a class whose methods are served; the one that is given may have other rules."""
        served = {}
        for method in wanted or views.methods or ():
            view: Any = getattr(views, method.lower(), None)
            if view:
                name = f"{method.lower()}_{views.__name__}"
                served[method.lower()] = self._served(view, rule, {method}, name)
        return type(views.__name__, (views,), {"__doc__": views.__doc__, **served})

    def _served(self, view: View, rule: str, methods: set[str], name: str) -> View:
        """Wrap a view in what holds for each: it is called with what it knows, or not at all."""
        check_path(getattr(view, "_apidoc", {}), rule)
        view = self._around(synchronous(view), rule, methods)
        uuids = frozenset(re.findall(r"<uuid:(\w+)>", rule))

        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if uuids:
                require_uuids(kwargs, uuids)
            if request.query_string and known is not None:
                reject_unknown(request.args, known, "query")
            return view(*args, **kwargs)

        documentation = documentation_of(wrapper)
        known = known_query(documentation)
        if "query" in documentation:
            document_view(documentation, name, rule, methods)
        return wrapper

    @override
    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Put the views into an app; TypeError for a `location` that is none of them."""
        super().register(app, options)
        for view in self._places:
            check_place(app, self, view)
        if self._has_secret_paths:
            for rule in routes_of(app, self):
                secret_paths_of(app).note(rule)

    def _document(
        self, document: dict[str, Any], information: dict[str, Any], *, app: Flask, **_: object
    ) -> dict[str, Any]:
        """Document what the blueprint does for an operation, now that its app is known."""
        for guard in self._guards:
            guard.document(document, information)
        if view := information.get("location"):
            path = example_path(app, self, view, self._path_examples)
            add_header(information, LOCATION, document_place(path))
        return document

    @override
    def _document_pagination_metadata(self, spec: Any, resp_doc: dict[str, Any]) -> None:
        has_headers = spec.openapi_version.major >= 3  # noqa: PLR2004  as flask-smorest asks
        if has_headers and "PAGINATION" not in spec.components.headers:
            spec.components.header("PAGINATION", PAGINATION_HEADER)
        super()._document_pagination_metadata(spec, resp_doc)

    @override
    def _set_etag_in_response(self, response: Response) -> None:
        """Let flask-smorest's own `etag` make a digest of what pydantic has written, too."""
        get_appcontext().setdefault("result_dump", response.get_data(as_text=True))
        super()._set_etag_in_response(response)
