r"""Lists as files: all rows that fit the filters, sent while they are read.

@blueprint.get("/books.jsonl")
@blueprint.arguments(members_model(books.listing), location="query")
@blueprint.response(200, str, content_type="application/jsonl")
def export_books(chosen: Any) -> Response:
    selection = books.where()
    names = names_of(selection, chosen)
    rows = stream(selection, unit_of_work(), fields=names)
    return download((row + b"\n" for row in rows), "application/jsonl", "books.jsonl")
"""

from collections.abc import Generator
from functools import cache
from typing import Any

from flask import Response
from pydantic import BaseModel, create_model

from json_rows.listing import Listing, Selection
from json_rows.members import chosen_names
from json_rows.pagination import members_of
from smorest_sqlmodel.parsing import COMMA_SEPARATED

PART_BYTES = 64 * 1024
"""How much of a file is sent at a time: a row by itself would cost more than it holds."""

Parts = Generator[bytes, None, None]


@cache
def members_model(listing: Listing) -> type[BaseModel]:
    """Make the query parameters of a file: which members its rows have."""
    model = create_model(f"{listing.name}FileParameters", **members_of(listing))
    for name in ("fields", "include"):
        if name in model.model_fields:
            model.model_fields[name].metadata.append(COMMA_SEPARATED)
    return model


def names_of(selection: Selection, chosen: Any) -> tuple[str, ...]:
    """Name the members that a client has chosen, in the order of those of all rows."""
    listing = selection.listing
    wanted = chosen.fields or (*listing.light, *getattr(chosen, "include", ()))
    return chosen_names(listing.names, tuple(wanted))


def download(lines: Parts, media_type: str, name: str) -> Response:
    """Answer with a file that is made while it is sent; errors of its first part are told."""
    parts = _in_parts(lines)
    first = next(parts, b"")
    return Response(
        _whole(first, parts),
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _whole(first: bytes, parts: Parts) -> Parts:
    yield first
    yield from parts


def _in_parts(lines: Parts) -> Parts:
    part, size = [], 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= PART_BYTES:
            yield b"".join(part)
            part, size = [], 0
    yield b"".join(part)
