"""What comes before an adoption, and after: the wait for quiet, the way back, the end."""

from collections.abc import Callable
from typing import Any

import click
from psycopg2 import extensions
from sqlalchemy import URL, Connection, Engine, create_engine, pool

from service.cli.confirmation import confirm
from service.cli.db.command import Result
from service.cli.waiting import hush
from service.db.url import masked
from service.domain.predecessor import forgetting, quiet, undoing
from service.domain.predecessor.aside import SCHEMA, Adoption
from service.domain.predecessor.forgetting import Forgotten
from service.domain.predecessor.in_place import InPlace, find
from service.errors import NotFoundError
from service.models.predecessor import COLUMNS
from service.schema.execution.one_transaction import in_one_transaction
from service.schema.runner import explained, run
from service.schema.tool_tables import TOOL_TABLES
from service.settings import Settings

Say = Callable[[str], None]

# The service's tables and the old ones: who uses them is named.
_LOCKED = (*COLUMNS, *(f"{SCHEMA}.{table}" for table in COLUMNS))
_NOT_ADOPTED = (
    "There is nothing to take back or to forget: the database has no schema of an adoption. "
    "`flask db status` says what there is."
)


def undo(url: URL, settings: Settings, directory: str | None, *, say: Say) -> Result:
    """Put the old tables back where they were."""

    def work(connection: Connection) -> Adoption:
        cursor = _cursor(connection)
        adoption = _adoption(cursor)
        undoing.put_back(
            cursor,
            adoption,
            downgrade=lambda: run(
                "downgrade", "base", directory=directory, quiet=True, connection=connection
            ),
            tool_tables=TOOL_TABLES,
        )
        return adoption

    engine = _engine(url, settings)
    done = in_one_transaction(engine, settings, work, say=say, locks=_LOCKED)
    document = {"database": masked(url), "state": "undone", "moved_back": done.moved}
    text = (
        f"The old tables are back where they were: {', '.join(done.moved)}. The service's own are "
        "gone. `flask db adopt` takes them over again."
    )
    return Result(document, text)


def forget(url: URL, settings: Settings, *, yes: bool, say: Say) -> Result:
    """Drop the old tables, after it was said what goes."""
    engine = _engine(url, settings)

    def look(connection: Connection) -> Forgotten:
        cursor = _cursor(connection)
        return forgetting.what_goes(cursor, _adoption(cursor))

    def drop(connection: Connection) -> None:
        cursor = _cursor(connection)
        _adoption(cursor)
        forgetting.forget(cursor)

    goes = in_one_transaction(engine, settings, look, say=say, locks=_LOCKED, keep=lambda _: False)
    hush()
    if yes:
        click.echo(str(goes), err=True)
    confirm(str(goes), yes=yes)
    in_one_transaction(engine, settings, drop, say=say, locks=_LOCKED)
    document = {"database": masked(url), "state": "forgotten", **goes.as_json()}
    return Result(document, "The old tables are gone, and the barrier with them.")


def wait_for_quiet(url: URL, settings: Settings, *, minutes: float, say: Say) -> None:
    """Wait until the old planner rests; nothing is locked, and Ctrl-C ends it."""
    hush()
    engine = _engine(url, settings)

    def look() -> quiet.Activity | None:
        with engine.begin() as connection:
            cursor = _cursor(connection)
            found = None if Adoption.read(cursor) else find(cursor, TOOL_TABLES)
            return quiet.look(cursor, _tables(found)) if found else None

    try:
        with explained():
            quiet.wait_for_quiet(look, say, most_s=60 * minutes)
    except KeyboardInterrupt:
        click.echo("Nothing was changed.", err=True)
        raise click.Abort from None
    finally:
        engine.dispose()


def _tables(found: InPlace) -> dict[str, str]:
    return {name.rpartition(".")[2]: name for name in found.tables}


def _adoption(cursor: extensions.cursor) -> Adoption:
    adoption = Adoption.read(cursor)
    if adoption is None:
        raise NotFoundError(_NOT_ADOPTED)
    return adoption


def _engine(url: URL, settings: Settings) -> Engine:
    return create_engine(
        url,
        poolclass=pool.NullPool,
        connect_args={
            "connect_timeout": settings.connect_timeout_s,
            "application_name": "trip-planner adoption",
            "client_encoding": "utf8",
        },
    )


def _cursor(connection: Connection) -> extensions.cursor:
    made: Any = connection.connection.cursor()
    cursor: extensions.cursor = made
    return cursor
