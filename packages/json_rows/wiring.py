"""Puts what serves rows into an app: units of work, kept answers, Read-After, problem details."""

from flask import Flask

from json_rows import consistency, idempotency, work
from json_rows.errors import translate
from json_rows.kept_answer import AnswersTable, KeptAnswer
from json_rows.kept_answers import KeptAnswers
from json_rows.preconditions import IF_MATCH
from json_rows.settings import RowsSettings
from serverless_postgres.database import Database
from smorest_sqlmodel import problems
from smorest_sqlmodel.places import LOCATION

HEADERS_TAKEN = ("If-None-Match", IF_MATCH["name"], idempotency.HEADER, consistency.HEADER)
"""What requests for rows may bring, beside a Content-Type: for CORS, proxies and clients."""

HEADERS_SENT = ("ETag", "Link", LOCATION, idempotency.REPLAYED, consistency.HEADER)
"""What answers with rows may bring."""


def init_app(
    app: Flask,
    database: Database,
    settings: RowsSettings,
    *,
    answers: type[KeptAnswer] | None = None,
) -> None:
    """Let an app serve rows of a database; nothing is connected before a request needs it.

    `answers` is the service's table of kept answers. Without one there is no idempotency: requests
    with an Idempotency-Key get a 422. Errors become problem details, unless the app has wired
    `smorest_sqlmodel.problems` by itself before.
    """
    if "problems" not in app.extensions:
        problems.init_app(app, translate)
    work.init_app(app, database)
    consistency.init_app(app, database.replica)
    app.extensions["kept_answers"] = (
        KeptAnswers(database, settings, AnswersTable(answers)) if answers else None
    )
