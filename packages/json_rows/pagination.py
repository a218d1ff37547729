"""Pages of a listing over HTTP: the query that asks for one, and the answer that holds it."""

import json
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

from flask import Response, request
from pydantic import BaseModel, Field, create_model

from json_rows.cursor import bad_cursor
from json_rows.listing import Items, Listing, Page, Selection, cut
from json_rows.searches import place_for_search
from json_rows.selection import with_more
from json_rows.work import asker, database, unit_of_work
from smorest_sqlmodel.errors import InvalidInputError
from smorest_sqlmodel.parsing import COMMA_SEPARATED
from smorest_sqlmodel.texts import read_values


def document_link(path: str | None) -> dict[str, Any]:
    """Describe the header that leads to the next page; `path` is an example."""
    schema: dict[str, Any] = {"type": "string"}
    if path:
        schema["examples"] = [f'<{path}?cursor=WyJzIl0>; rel="next"']
    return {
        "description": 'The next page, as rel="next" (RFC 8288); absent on the last one.',
        "schema": schema,
    }


def page_parameters(listing: Listing, default_limit: int, max_limit: int) -> type[BaseModel]:
    """Make the query parameters of a listing: limit, cursor, sort, fields, include."""
    fields: dict[str, Any] = {
        "limit": (
            int,
            Field(
                default=default_limit,
                ge=1,
                le=max_limit,
                description="The most rows to return; a page of large rows holds fewer.",
                examples=[20],
            ),
        ),
        "cursor": (
            str | None,
            Field(
                default=None,
                max_length=1000,
                description="`next_cursor` of the page before: of the same list, order and caller.",
                json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$", "minLength": 1},
            ),
        ),
        "sort": (
            Literal[tuple(listing.sorts)],
            Field(
                default=listing.default_sort,
                description=f"`-` means descending.{_searches(listing)}",
                examples=[listing.default_sort],
            ),
        ),
        **members_of(listing),
    }
    model = create_model(f"{listing.name}PageParameters", **fields)
    for name in ("fields", "include"):
        if name in model.model_fields:
            model.model_fields[name].metadata.append(COMMA_SEPARATED)
    return model


def _searches(listing: Listing) -> str:
    """Say which filters and orders of a list are answered for a few clients at a time only."""
    slow = (("filter by", listing.slow_filters), ("sort by", listing.slow_sorts))
    said = [f"{what} `{'`, `'.join(sorted(names))}`" for what, names in slow if names]
    if not said:
        return ""
    return (
        f" Requests that {' or '.join(said)} are searches without an index: only a few run at a "
        "time, and the others get a 503 with `Retry-After`."
    )


def members_of(listing: Listing) -> dict[str, Any]:
    """Make the parameters that choose the members of rows."""
    names: Any = Literal[listing.names]
    only: Any = Field(
        default=None,
        description="Only these members, and the id.",
        examples=[list(listing.names[:2])],
    )
    if not listing.heavy:
        return {"fields": (list[names] | None, only)}
    heavy: Any = Literal[listing.heavy]
    more: Any = Field(
        default=[],
        description="These members too, which lists leave out.",
        examples=[[listing.heavy[0]]],
    )
    return {"fields": (list[names] | None, only), "include": (list[heavy], more)}


def page_shape(listing: Listing) -> type[BaseModel]:
    """Make the body of a page: rows, with the members that `include` adds.

    That `fields` leaves members out is said in words: a client knows what it asked for.
    """
    shape: Any = listing.shape
    if listing.heavy:
        shape = with_more(f"{listing.name}Item", shape, listing.read, parameter="include")
    return create_model(
        f"{listing.name}Page",
        __doc__="A page of a list.",
        items=(list[shape], Field(description="The rows; with `fields`, only those members.")),
        next_cursor=(
            str | None,
            Field(
                description="The `cursor` of the next page; null on the last.",
                examples=["WyJ5UTNtQjF4ayIsInNlcSIsIjQiLCIwMTk5YzBkZSJd"],
            ),
        ),
    )


def read_page(listing: Listing, model: type[BaseModel]) -> Page:
    """Read which page the request wants; InvalidInputError when it can't be."""
    values: Any = read_values(model, "query", request.args)
    fields = values.fields or (*listing.light, *getattr(values, "include", ()))
    return Page(values.limit, values.sort, tuple(fields), values.cursor)


def respond_with_page(selection: Selection, page: Page) -> Response:
    """Fetch a page, and answer with it and the way to the next one."""
    work = unit_of_work()
    page = replace(page, mark=selection.mark(asker().owner))
    asked = selection.query(page)
    try:
        with place_for_search(database()) if selection.is_search(page) else nullcontext():
            rows = work.fetch(asked)
    except InvalidInputError as error:
        # What passed for a cursor may still hold a key that Postgres can't read.
        raise (bad_cursor() if page.cursor and not error.errors else error) from error
    if not rows and selection.parent:
        work.run(selection.parent)
    items = cut(rows, page)
    headers = {}
    if items.next_cursor:
        query = [
            (name, value) for name, value in request.args.items(multi=True) if name != "cursor"
        ]
        onward = urlencode([*query, ("cursor", items.next_cursor)])
        headers["Link"] = f'<{quote(request.script_root + request.path)}?{onward}>; rel="next"'
    return Response(_body(items), headers=headers, content_type="application/json")


def _body(items: Items) -> bytes:
    """Write a page, which may be large, in one go."""
    parts = [b'{"items":[']
    for item in items.items:
        parts += (item, b",")
    if items.items:
        parts.pop()
    parts.append(f'],"next_cursor":{json.dumps(items.next_cursor)}}}'.encode())
    return b"".join(parts)
