"""The unit of work of the current request, and who asks in it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from flask import Flask, current_app, g, has_request_context, request

from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends a request: a name that stays the same for them, and whose rows they may touch.

    Without an `owner` these are all rows. An Idempotency-Key is one among those of its `principal`:
    who sees less has another. `sees` names the members of rows that answers show them; None is for
    all.
    """

    principal: str
    owner: UUID | None = None
    sees: frozenset[str] | None = None

    def shown(self, body: bytes) -> bytes:
        """Leave out of an answer's JSON, of one row or many, what they don't see."""
        if self.sees is None or not body:
            return body
        return json.dumps(_only(self.sees, json.loads(body)), separators=(",", ":")).encode()


ANYBODY = Asker("anonymous")


def _only(names: frozenset[str], value: Any) -> Any:
    """Keep the members of objects that are named; of what is none nothing is known."""
    if isinstance(value, list):
        return [_only(names, item) for item in value]
    if not isinstance(value, dict):
        return None
    return {name: held for name, held in value.items() if name in names}


def init_app(app: Flask, database: Database, asker: Callable[[], Asker] = lambda: ANYBODY) -> None:
    """Give each request of an app a unit of work when it first needs one, and end it after.

    `asker` says of the current request who sends it.
    """
    app.extensions["database"] = database
    app.extensions["asker"] = asker
    app.teardown_appcontext(_close)


def database() -> Database:
    """Get the database of the current app."""
    return cast("Database", current_app.extensions["database"])


def asker() -> Asker:
    """Tell who sends the current request."""
    found: Callable[[], Asker] = current_app.extensions["asker"]
    return found()


def unit_of_work() -> UnitOfWork:
    """Get the unit of work of the current request.

    Whoever gets it while a view works on a request with an Idempotency-Key has the key claimed
    first.
    """
    work: UnitOfWork | None = g.get("work")
    if work is None:
        in_path = (request.view_args or {}) if has_request_context() else {}
        work = g.work = UnitOfWork(database(), owner=asker().owner, in_path=in_path)
    if keyed := g.get("keyed"):
        keyed.claim()
    return work


def work_so_far() -> UnitOfWork | None:
    """Get the unit of work of the current request, if anybody has asked for it yet."""
    return cast("UnitOfWork | None", g.get("work"))


def _close(_: BaseException | None) -> None:
    work: UnitOfWork | None = g.pop("work", None)
    if work is not None:
        work.close()
