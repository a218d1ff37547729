"""A person's whole data over REST, as JSON Lines."""

import json
from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime
from uuid import UUID

from flask import Response

from api_access import Blueprint
from json_rows import UnitOfWork
from json_rows.downloads import download
from json_rows.work import unit_of_work
from service.api.guards import SCHEMA
from service.domain.person import HELD
from service.domain.users import users
from service.exports.tables import JSON_LINES
from service.models import examples

blueprint = Blueprint(
    "user data",
    __name__,
    url_prefix="/users",
    description="All that is held about a person, to take away.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
    transaction=False,
    reads_replica=False,
)


@blueprint.get("/<uuid:user_id>/export")
@blueprint.response(200, str, content_type=JSON_LINES)
@blueprint.alt_response(404)
def export_user(user_id: UUID) -> Response:
    """Export all that is held about a person.

    Each line is a JSON object. The first says what follows, the last counts the rows by table: an
    answer without it was cut. Between them is one row a line, as it is stored, parents first: the
    person, their identities and keys, workflows with all that hangs on them, itineraries with all
    versions, members and links, answers kept for repeated requests, audit events. Digests, such as
    that of a key, are left out. Rows are as of the moment at which they are read.
    """
    work = unit_of_work()
    work.run(users.get(user_id, ["id"]))
    return download(_lines(user_id, work), JSON_LINES, f"user-{user_id}.jsonl")


def _lines(user_id: UUID, work: UnitOfWork) -> Generator[bytes, None, None]:
    yield _line(kind="export", of="user", id=str(user_id), at=datetime.now(UTC).isoformat())
    counted: Counter[str] = Counter()
    for table, row in HELD.rows(user_id, work):
        counted[table] += 1
        yield b'{"kind":"row","table":"%b","row":%b}\n' % (table.encode(), row)
    yield _line(kind="end", rows=counted)


def _line(**members: object) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
