"""The control: the same service on SQLAlchemy's defaults, each statement sent once.

It must fail under the same faults; otherwise they don't bite, and the run proves nothing. Only what
the statements rely on stays: AUTOCOMMIT, as the unit of work writes BEGIN and COMMIT itself, and
JSON that nobody decodes.
"""

from dataclasses import replace

from sqlalchemy import Engine, create_engine, event
from typing_extensions import override

from serverless_postgres.database import Database
from serverless_postgres.server import Server, leave_json_undecoded
from serverless_postgres.url import resolve
from service.app import create_app
from service.settings import Settings


class PlainServer(Server):
    """A server as a tutorial reaches it."""

    @override
    def _make_engine(self) -> Engine:
        engine = create_engine(self._url(), isolation_level="AUTOCOMMIT")
        event.listen(engine, "connect", leave_json_undecoded)
        return engine


class PlainDatabase(Database):
    """A database whose connections are a tutorial's, and that tries nothing again."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(replace(settings, retry_budget_s=0))
        self.primary = PlainServer(self.settings, lambda: resolve(settings))


settings = Settings.load()
app = create_app(settings)
app.extensions["database"] = PlainDatabase(settings)
