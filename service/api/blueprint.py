"""The bridge: a flask-smorest Blueprint whose decorators take SQLModel and pydantic classes.

flask-smorest speaks marshmallow. This subclass lets `arguments`, `response`, `alt_response` and
`paginate` take pydantic models, lists and unions of them instead; given a marshmallow schema, they
do what they always did. It writes what it knows of a view where flask-smorest keeps it (`_apidoc`)
and adds a callback to those that prepare the document, both as flask-smorest documents for
subclasses. Views return rows, models, queries or listings: they neither serialise nor commit.

    @blueprint.post("")
    @blueprint.arguments(WorkflowCreate)
    @blueprint.response(201, WorkflowRead, etag=True)
    def create_workflow(new: WorkflowCreate) -> Query: ...
"""

import re
from functools import wraps
from http import HTTPStatus
from typing import Any, Literal

import flask_smorest
from flask import Response, request
from marshmallow import Schema
from typing_extensions import override
from werkzeug.datastructures import MultiDict

from service.api import idempotency
from service.api.consistency import read_after
from service.api.documentation import (
    ETAG,
    LINK,
    View,
    add_errors,
    add_query,
    add_response,
    document_service,
    documentation_of,
    resolve_models,
)
from service.api.openapi import ParametersOf, SchemaOf
from service.api.pagination import page_parameters, page_shape, read_page, respond_with_page
from service.api.parsing import adapter, names_of, read_json, read_values, reject_unknown
from service.api.path import require_uuids
from service.api.preconditions import IF_MATCH, etag_of, is_known_to_client, wanted_versions
from service.api.work import unit_of_work
from service.db.statement import Query, Row
from service.domain.listing import Listing

Location = Literal["json", "query", "path", "headers", "form", "files"]

JSON = "application/json"


class Blueprint(flask_smorest.Blueprint):
    """A flask-smorest Blueprint that speaks pydantic."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.insert(0, resolve_models)

    @override
    def arguments(self, schema: Any, *, location: Location = "json", **options: Any) -> Any:
        """Read a part of the request into a model and pass it to the view.

        `schema` is a model class, for json also a list or union of them. `location` is where the
        values come from; `files` takes form fields and files of one multipart body. Options:
        `required` (json only, default true: an absent body is refused), `description`, `example`,
        `examples`, `content_type`. Several decorators pass their values in the order in which they
        stand; a model of the path takes the place of the route's arguments of the same names.
        """
        if _is_marshmallow(schema):
            return super().arguments(schema, location=location, **options)
        required = options.pop("required", True)
        documented: Any = ParametersOf(schema, location)
        if location in self.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING:
            body = SchemaOf(schema, "validation")
            documented = {"in": location, "required": required, "schema": body, **options}

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                value = _read(schema, location, kwargs, required=required)
                return view(*args, value, **kwargs)

            documentation = documentation_of(wrapper)
            arguments = documentation.setdefault("arguments", {})
            # The outermost decorator comes last, and first in the document.
            arguments.setdefault("parameters", []).insert(0, documented)
            if location == "query":
                add_query(documentation, schema)
            return wrapper

        return decorator

    @override
    def response(
        self,
        status_code: int,
        schema: Any = None,
        *,
        etag: bool = False,
        headers: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Answer with what the view returns: a Query, a model, anything that fits `schema`.

        The bytes of a Query pass through untouched; its row's version becomes the ETag when `etag`
        is set, and a GET of a version that the client knows answers 304. The view may return
        `(value, headers)` or `(value, status)` or all three. Options as with flask-smorest:
        `content_type`, `description`, `example`, `examples`.
        """
        if _is_marshmallow(schema):
            return super().response(status_code, schema, headers=headers, **options)
        documented = dict(headers or {}) | ({"ETag": ETAG} if etag else {})

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                returned = view(*args, **kwargs)
                if isinstance(returned, Response):
                    return returned
                value, status, more = _unpack(returned)
                return _respond(schema, value, status or status_code, more, etag=etag)

            documentation = documentation_of(wrapper)
            add_response(documentation, status_code, schema, headers=documented, **options)
            documentation.setdefault("success_status_codes", []).append(status_code)
            if etag:
                documentation["etag_returned"] = True
            return wrapper

        return decorator

    @override
    def alt_response(
        self, status_code: int, response: str | None = None, *, schema: Any = None, **options: Any
    ) -> Any:
        """Document another answer: by name of a component, or as with `response`.

        Without name and schema, an error status means problem details.
        """
        success = options.pop("success", False)
        if response is None and schema is None and status_code >= HTTPStatus.BAD_REQUEST:
            response = HTTPStatus(status_code).name
        if response is not None or _is_marshmallow(schema):
            return super().alt_response(
                status_code, response, schema=schema, success=success, **options
            )

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return view(*args, **kwargs)

            add_response(documentation_of(wrapper), status_code, schema, **options)
            return wrapper

        return decorator

    @override
    def paginate(
        self, pager: Any = None, *, default_limit: int = 50, max_limit: int = 200, **options: Any
    ) -> Any:
        """Answer with a page of the Selection that the view returns.

        `pager` is a Listing: what its rows look like, how they can be sorted, what can be left out
        or added. Anything else goes to flask-smorest.
        """
        if not isinstance(pager, Listing):
            return super().paginate(pager, **options)
        model = page_parameters(pager, default_limit, max_limit)
        shape = page_shape(pager)

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Response:
                page = read_page(pager, model)
                return respond_with_page(view(*args, **kwargs), page)

            documentation = documentation_of(wrapper)
            parameters = documentation.setdefault("arguments", {}).setdefault("parameters", [])
            parameters.append(ParametersOf(model, "query"))
            add_query(documentation, model)
            add_response(documentation, HTTPStatus.OK, shape, headers={"Link": LINK})
            return wrapper

        return decorator

    def if_match(self, *, required: bool = True) -> Any:
        """Pass the versions that `If-Match` names to the view, as `versions`.

        None means any version. Without the header the answer is 428 where it is required (RFC 6585,
        3), with one of another version 412 (RFC 9110, 13.1.1), which the view's query decides.
        """

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return view(*args, versions=wanted_versions(required=required), **kwargs)

            documentation = documentation_of(wrapper)
            documentation.setdefault("arguments", {}).setdefault("parameters", []).append(
                IF_MATCH | {"required": required}
            )
            add_errors(documentation, HTTPStatus.PRECONDITION_FAILED)
            if required:
                add_errors(documentation, HTTPStatus.PRECONDITION_REQUIRED)
            return wrapper

        return decorator

    @override
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Register a view: the outermost layer, which knows its transaction and its errors."""
        methods = {method.upper() for method in options.get("methods", ["GET"])}
        if hasattr(view_func, "_apidoc"):
            is_of_rows = (self.url_prefix or "").startswith("/v1")
            view_func = _served(view_func, rule, methods, is_of_rows=is_of_rows)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)


def _is_marshmallow(schema: Any) -> bool:
    return isinstance(schema, Schema) or (isinstance(schema, type) and issubclass(schema, Schema))


def _read(schema: Any, location: Location, kwargs: dict[str, Any], *, required: bool) -> Any:
    if location == "json":
        return read_json(schema, required=required)
    if location == "path":
        values = {name: kwargs.pop(name) for name in names_of(schema)}
        return read_values(schema, "path", values)
    if location in {"form", "files"}:
        values = MultiDict([*request.form.items(multi=True), *request.files.items(multi=True)])
        reject_unknown(values, names_of(schema), location)
        return read_values(schema, location, values)
    sources: dict[str, Any] = {
        "query": request.args,
        "headers": request.headers,
    }
    return read_values(schema, location, sources[location])


def _unpack(returned: Any) -> tuple[Any, int | None, dict[str, str]]:
    if not isinstance(returned, tuple):
        return returned, None, {}
    value, *rest = returned
    status = next((item for item in rest if isinstance(item, int)), None)
    return value, status, next((item for item in rest if isinstance(item, dict)), {})


def _respond(
    schema: Any,
    value: Any,
    status: int,
    headers: dict[str, str],
    *,
    etag: bool,
) -> Response:
    if isinstance(value, Query):
        value = unit_of_work().run(value)
    if schema is None:
        return Response(status=status, headers=headers)
    if not isinstance(value, Row):
        body = adapter(schema).dump_json(
            adapter(schema).validate_python(value, from_attributes=True), by_alias=True
        )
        return Response(body, status, headers, content_type=JSON)
    if not value.created and status == HTTPStatus.CREATED:
        status = HTTPStatus.OK
    if etag and value.version is not None:
        headers = headers | {"ETag": etag_of(value.version)}
        if request.method in {"GET", "HEAD"} and is_known_to_client(value.version):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(value.json, status, headers, content_type=JSON)


def _served(view: View, rule: str, methods: set[str], *, is_of_rows: bool) -> View:
    """Wrap a view in what holds for each: known parameters, one transaction, one commit."""
    keyed = "POST" in methods
    uuids = frozenset(re.findall(r"<uuid:(\w+)>", rule))

    @wraps(view)
    def wrapper(**kwargs: Any) -> Any:
        if uuids:
            require_uuids(kwargs, uuids)
        if request.query_string:
            reject_unknown(request.args, known, "query")
        work = unit_of_work()
        if is_of_rows and request.method in {"GET", "HEAD"}:
            read_after(work)
        if keyed and idempotency.HEADER in request.headers:
            return work.complete(
                lambda: idempotency.answer(work, lambda: view(**kwargs)), is_repeatable=True
            )
        return work.complete(lambda: view(**kwargs), is_repeatable=False)

    known = getattr(view, "_apidoc", {}).get("query", frozenset())
    document_service(documentation_of(wrapper), view.__name__, rule, methods, is_of_rows=is_of_rows)
    return wrapper
