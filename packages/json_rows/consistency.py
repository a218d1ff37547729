"""Read-After: a client never reads a state from before its own last write.

The answer to each write says where in the primary's history it is. A client that sends this back
with a GET gets what it has written, or something newer, whichever server answers: the replica once
it has caught up, else the primary. For a client that does not, the last write of this server's
worker processes counts, whoever's it was. When that one got no reply, the primary answers until the
next one.
"""

from typing import Any

from flask import Flask, Response, current_app, request

from json_rows.unit_of_work import UnitOfWork
from json_rows.work import work_so_far
from serverless_postgres.position import MOST
from serverless_postgres.replica import Replica
from smorest_sqlmodel.errors import InvalidInputError

HEADER = "Read-After"

PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "What this header had in the answer to a write, which the GET then shows.",
    "schema": {"type": "string", "pattern": r"^[0-9]{1,19}$", "examples": ["26738104"]},
}
HEADER_DOC: dict[str, Any] = {
    "description": "The write's place in the database's history; sent if there is a read replica.",
    "schema": {"type": "string", "examples": ["26738104"]},
}


def init_app(app: Flask, replica: Replica | None) -> None:
    """Say with each answer to a write where it is in history, if there is a replica at all."""

    def tell(response: Response) -> Response:
        work = work_so_far()
        if work is None or replica is None:
            return response
        if work.written:
            replica.last_write.note(work.written, work.began_ns)
            response.headers[HEADER] = str(work.written)
        if work.is_written_unknown:
            replica.last_write.lose()
        return response

    if replica is not None:
        app.after_request(tell)


def read_after(work: UnitOfWork) -> None:
    """Let the work of a GET read from the replica, if that has what the client wrote.

    Raises InvalidInputError for a header that no write has been answered with.
    """
    replica: Replica | None = current_app.extensions["database"].replica
    given = request.headers.get(HEADER)
    if given is not None:
        work.read_after(_read(given))
    elif replica is not None:
        work.read_after(replica.last_write.get())


def _read(text: str) -> int:
    if text.isascii() and text.isdecimal() and (position := int(text[:20])) <= MOST:
        return position
    message = "must be the value that this header had in the answer to a write"
    raise InvalidInputError.of(location="header", name=HEADER, code="bad_position", message=message)
