"""The service with one deliberate fault, for a WSGI server: `BROKEN` names the fault.

The file that `BROKEN_MARK` names is made when the fault strikes.
"""

import itertools
import os
from pathlib import Path
from typing import Any

from psycopg2 import extensions
from sqlalchemy import Engine, event
from typing_extensions import override

from serverless_postgres.database import Database
from serverless_postgres.server import Server
from serverless_postgres.url import resolve
from service.app import create_app
from service.settings import Settings
from tests.faults.history.defects import DEFECTS

_DEFECT = DEFECTS[os.environ["BROKEN"]]
_MARK = Path(os.environ["BROKEN_MARK"])
_matches = itertools.count(1)


def _strike() -> None:
    _MARK.touch()


class BrokenCursor(extensions.cursor):
    """A cursor that sends what the fault makes of the SQL."""

    @override
    def execute(self, query: Any, vars: Any = None) -> None:
        """Send SQL, now and then with the fault in it."""
        broken = _DEFECT.rewritten(query) if isinstance(query, str) else query
        if broken != query and next(_matches) % _DEFECT.every == 0:
            _strike()
            query = broken
        super().execute(query, vars)


def _break(connection: Any, _record: object) -> None:
    connection.cursor_factory = BrokenCursor


class BrokenServer(Server):
    """A server whose connections have the fault."""

    @override
    def _make_engine(self) -> Engine:
        engine = super()._make_engine()
        event.listen(engine, "connect", _break)
        return engine


class BrokenDatabase(Database):
    """A database with the fault."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.primary = BrokenServer(settings, lambda: resolve(settings))


settings = Settings.load()
app = create_app(settings)
app.extensions["database"] = BrokenDatabase(settings)
if _DEFECT.around:
    app.wsgi_app = _DEFECT.around(app.wsgi_app, _strike)  # type: ignore[method-assign,assignment]
