"""The bridge of `smorest_sqlmodel` for views that return rows: queries and pages of them.

    @blueprint.post("")
    @blueprint.arguments(BookCreate)
    @blueprint.response(201, BookRead, etag=True)
    def create_book(new: BookCreate) -> Query: ...

Around each view stands the unit of work of its request, which ends with one commit: views return
queries, and neither send nor commit them. A POST takes an Idempotency-Key, a GET a Read-After. A
blueprint of pages, feeds or streams says that it wants none of that.
"""

from dataclasses import replace
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, request
from typing_extensions import override

import smorest_sqlmodel
from json_rows import consistency, idempotency
from json_rows.listing import Listing
from json_rows.pagination import (
    document_link,
    page_parameters,
    page_shape,
    read_page,
    respond_with_page,
)
from json_rows.preconditions import IF_MATCH, wanted_versions
from json_rows.statement import Query, Row
from json_rows.work import asker, unit_of_work
from smorest_sqlmodel.answers import Answer, Written
from smorest_sqlmodel.documentation import (
    View,
    add_errors,
    add_header,
    add_input,
    add_query,
    add_response,
    documentation_of,
)
from smorest_sqlmodel.fields import names_of
from smorest_sqlmodel.json_schema import ParametersOf
from smorest_sqlmodel.places import example_path

_READS = frozenset({"GET", "HEAD"})


class Blueprint(smorest_sqlmodel.Blueprint):
    """A Blueprint whose views return queries, rows and selections of a listing."""

    def __init__(
        self, *args: Any, transaction: bool = True, reads_replica: bool = True, **kwargs: Any
    ) -> None:
        """Make a blueprint; options as with `smorest_sqlmodel`, such as `guards`.

        Without `transaction` a view is called as it is: it takes `unit_of_work()` when it likes,
        commits what it begins, and takes no Idempotency-Key. Without `reads_replica` GETs always
        read from the primary, and no Read-After is wanted.
        """
        super().__init__(*args, **kwargs)
        self._transaction = transaction
        self._reads_replica = reads_replica
        self._prepare_doc_cbks.insert(0, self._document_rows)

    @override
    def _written(self, value: Any, answer: Answer) -> Written:
        """Send a query; the bytes of a row pass through untouched, without another look at them."""
        row_id = None
        if isinstance(value, Query):
            row_id = value.about.id if value.about else None
            value = (g.get("keyed") or unit_of_work()).run(value)
        if isinstance(value, Row):
            body = b"" if answer.schema is None else value.json
            written = Written(body, value.version, value.created, row_id)
        else:
            written = super()._written(value, answer)
        return _seen(written)

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
            add_input(documentation, ParametersOf(model, "query"), last=True)
            add_query(documentation, names_of(model))
            add_response(documentation, HTTPStatus.OK, shape)
            documentation["is_page"] = True
            documentation.setdefault("success_status_codes", []).append(HTTPStatus.OK)
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
            add_input(documentation, IF_MATCH | {"required": required}, last=True)
            add_errors(documentation, HTTPStatus.PRECONDITION_FAILED)
            if required:
                add_errors(documentation, HTTPStatus.PRECONDITION_REQUIRED)
            return wrapper

        return decorator

    @override
    def _around(self, view: View, rule: str, methods: set[str]) -> View:
        """Put around a view what it reads from, and one transaction with one commit."""
        keyed = "POST" in methods
        reads = self._reads_replica and "GET" in methods
        if self._transaction:
            writes = "GET" not in methods
            view = _in_transaction(view, keyed=keyed, reads=reads, writes=writes)
        elif keyed or reads:
            view = _by_itself(view, keyed=keyed, reads=reads)
        return super()._around(view, rule, methods)

    def _document_rows(
        self,
        document: dict[str, Any],
        information: dict[str, Any],
        *,
        app: Flask,
        method: str,
        **_: object,
    ) -> dict[str, Any]:
        """Document what an Idempotency-Key does where answers are kept, and how pages go on."""
        if method == "post" and self._transaction and app.extensions.get("kept_answers"):
            _add_parameter(information, idempotency.PARAMETER)
            add_errors(information, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)
            add_header(information, idempotency.REPLAYED, idempotency.REPLAYED_DOC)
        if information.get("is_page"):
            path = example_path(app, self, information["operation"], self._path_examples)
            add_header(information, "Link", document_link(path))
        return document


def _seen(written: Written) -> Written:
    """Leave out of an answer what who asks does not see: its version, too."""
    asks = asker()
    if asks.sees is None:
        return written
    body = written.body.encode() if isinstance(written.body, str) else written.body
    return replace(written, body=asks.shown(body), version=None)


def _in_transaction(view: View, *, keyed: bool, reads: bool, writes: bool) -> View:
    """Put the unit of work around a view, and document its headers and its errors."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        work = unit_of_work()
        if reads and request.method in _READS:
            consistency.read_after(work)
        if keyed and idempotency.HEADER in request.headers:
            return idempotency.serve(work, lambda: current_app.make_response(view(*args, **kwargs)))
        return work.complete(partial(view, *args, **kwargs), is_repeatable=False)

    documentation = documentation_of(wrapper)
    add_query(documentation)
    add_errors(documentation, HTTPStatus.SERVICE_UNAVAILABLE)
    if reads:
        _add_parameter(documentation, consistency.PARAMETER)
    if writes:
        add_header(documentation, consistency.HEADER, consistency.HEADER_DOC)
    return wrapper


def _by_itself(view: View, *, keyed: bool, reads: bool) -> View:
    """Call a view that looks after its work by itself: only what it could not know is told."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if reads and request.method in _READS:
            consistency.read_after(unit_of_work())
        if keyed and idempotency.HEADER in request.headers:
            raise idempotency.unsupported()
        return view(*args, **kwargs)

    if reads:
        documentation = documentation_of(wrapper)
        add_query(documentation)
        _add_parameter(documentation, consistency.PARAMETER)
    return wrapper


def _add_parameter(documentation: dict[str, Any], parameter: dict[str, Any]) -> None:
    documentation.setdefault("arguments", {}).setdefault("parameters", []).append(parameter)
