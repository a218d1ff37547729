"""Puts what serves rows into an app: units of work, kept answers, Read-After, problem details."""

from collections.abc import Callable

from flask import Flask

from json_rows import consistency, idempotency, ownership, work
from json_rows.errors import translate
from json_rows.kept_answer import AnswersTable, KeptAnswer
from json_rows.kept_answers import KeptAnswers
from json_rows.preconditions import IF_MATCH
from json_rows.settings import RowsSettings
from json_rows.work import ANYBODY, Asker
from serverless_postgres.database import Database
from smorest_sqlmodel import problems
from smorest_sqlmodel.places import LOCATION

HEADERS_TAKEN = ("If-None-Match", IF_MATCH["name"], idempotency.HEADER, consistency.HEADER)
"""What requests for rows may bring, beside a Content-Type: for CORS, proxies and clients."""

HEADERS_SENT = (
    "Content-Disposition",
    "ETag",
    "Link",
    LOCATION,
    idempotency.REPLAYED,
    consistency.HEADER,
)
"""What answers with rows may bring."""


def init_app(
    app: Flask,
    database: Database,
    settings: RowsSettings,
    *,
    answers: type[KeptAnswer] | None = None,
    asker: Callable[[], Asker] = lambda: ANYBODY,
) -> None:
    """Let an app serve rows of a database; nothing is connected before a request needs it.

    `asker` says of the current request who sends it, and whose rows they may touch; by default it
    is anybody, who may touch all. `answers` is the service's table of kept answers. Without one
    there is no idempotency: requests with an Idempotency-Key get a 422. Errors become problem
    details, unless the app has wired `smorest_sqlmodel.problems` by itself before. Raises
    OwnershipError for a statement on an owned table that does not say whose rows it means, and
    TypeError for a resource that names what there is not.
    """
    ownership.check_all()
    if "problems" not in app.extensions:
        problems.init_app(app, translate)
    work.init_app(app, database, asker)
    consistency.init_app(app, database.replica)
    app.extensions["kept_answers"] = (
        KeptAnswers(database, settings, AnswersTable(answers)) if answers else None
    )
