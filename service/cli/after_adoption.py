"""What comes before an adoption, and after: the wait for quiet, the way back, the end."""

from collections.abc import Callable

import click
from psycopg2 import extensions
from sqlalchemy import URL, Connection

from plain_commands.confirmation import confirm
from plain_commands.errors import NotFoundError
from plain_commands.waiting import hush
from safe_migrations.commands.command import Result
from safe_migrations.execution.one_transaction import in_one_transaction
from safe_migrations.project import Project
from safe_migrations.runner import explained, run
from safe_migrations.tool_tables import TOOL_TABLES
from serverless_postgres.url import masked
from service.cli.taking_over import cursor_of, engine_of
from service.settings import Settings
from service.sqlite_import import forgetting, quiet, undoing
from service.sqlite_import.aside import SCHEMA, Adoption
from service.sqlite_import.forgetting import Forgotten
from service.sqlite_import.in_place import InPlace, find
from service.sqlite_import.predecessor import COLUMNS

Say = Callable[[str], None]

# The service's tables and the old ones: who uses them is named.
_LOCKED = (*COLUMNS, *(f"{SCHEMA}.{table}" for table in COLUMNS))
_NOT_ADOPTED = (
    "There is nothing to take back or to forget: the database has no schema of an adoption. "
    "`flask db status` says what there is."
)


def undo(url: URL, settings: Settings, project: Project, *, say: Say) -> Result:
    """Put the old tables back where they were."""

    def work(connection: Connection) -> Adoption:
        cursor = cursor_of(connection)
        adoption = _adoption(cursor)
        undoing.put_back(
            cursor,
            adoption,
            downgrade=lambda: run(project, "downgrade", "base", quiet=True, connection=connection),
            tool_tables=TOOL_TABLES,
        )
        return adoption

    engine = engine_of(url, settings)
    done = in_one_transaction(engine, settings, work, say=say, locks=_LOCKED)
    document = {"database": masked(url), "state": "undone", "moved_back": done.moved}
    text = (
        f"The old tables are back where they were: {', '.join(done.moved)}. The service's own are "
        "gone. `flask db adopt` takes them over again."
    )
    return Result(document, text)


def forget(url: URL, settings: Settings, *, yes: bool, say: Say) -> Result:
    """Drop the old tables, after it was said what goes."""
    engine = engine_of(url, settings)

    def look(connection: Connection) -> Forgotten:
        cursor = cursor_of(connection)
        return forgetting.what_goes(cursor, _adoption(cursor))

    def drop(connection: Connection) -> None:
        cursor = cursor_of(connection)
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


def wait_for_quiet(
    url: URL, settings: Settings, project: Project, *, minutes: float, say: Say
) -> None:
    """Wait until the old planner rests; nothing is locked, and Ctrl-C ends it."""
    hush()
    engine = engine_of(url, settings)

    def look() -> quiet.Activity | None:
        with engine.begin() as connection:
            cursor = cursor_of(connection)
            found = None if Adoption.read(cursor) else find(cursor, TOOL_TABLES)
            return quiet.look(cursor, _tables(found)) if found else None

    try:
        with explained(project):
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
