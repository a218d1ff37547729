"""What comes before an adoption, and after: the wait for quiet, the way back, the end."""

from collections.abc import Callable

import click
from psycopg2 import extensions
from sqlalchemy import URL, Connection

from plain_commands.confirmation import confirm
from plain_commands.errors import NotFoundError
from plain_commands.waiting import hush
from safe_migrations import adoption as old_tables
from safe_migrations.adoption import Activity, Adoption, Forgotten
from safe_migrations.commands.command import Result
from safe_migrations.execution.one_transaction import in_one_transaction
from safe_migrations.project import Project
from safe_migrations.runner import explained, run
from serverless_postgres.url import masked
from service.cli.adopt_prototype import cursor_of, engine_of
from service.settings import Settings
from service.sqlite_import.open_workflows import open_workflows
from service.sqlite_import.trip_adoption import TAKEOVER

Say = Callable[[str], None]

# The service's tables and the old ones: who uses them is named.
_LOCKED = (*TAKEOVER.tables, *(f"{TAKEOVER.schema}.{table}" for table in TAKEOVER.tables))
_NOT_ADOPTED = (
    "There is nothing to undo or forget: no tables have been adopted in this database. "
    "`flask db status` says what there is."
)


def undo(url: URL, settings: Settings, project: Project, *, say: Say) -> Result:
    """Put the old tables back where they were."""

    def work(connection: Connection) -> Adoption:
        cursor = cursor_of(connection)
        adoption = _adoption(cursor)
        old_tables.put_back(
            cursor,
            TAKEOVER,
            adoption,
            downgrade=lambda: run(project, "downgrade", "base", quiet=True, connection=connection),
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
    """Drop the old tables, after showing what will go."""
    engine = engine_of(url, settings)

    def look(connection: Connection) -> Forgotten:
        cursor = cursor_of(connection)
        return old_tables.what_goes(cursor, TAKEOVER, _adoption(cursor))

    def drop(connection: Connection) -> None:
        cursor = cursor_of(connection)
        _adoption(cursor)
        old_tables.forget(cursor, TAKEOVER)

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
    """Wait until the old planner is idle; nothing is locked, and Ctrl-C ends it."""
    hush()
    engine = engine_of(url, settings)

    def look() -> Activity | None:
        with engine.begin() as connection:
            cursor = cursor_of(connection)
            is_done = Adoption.read(cursor, TAKEOVER)
            found = None if is_done else old_tables.find(cursor, TAKEOVER)
            if found is None:
                return None
            places = {name.rpartition(".")[2]: name for name in found.tables}
            return old_tables.look(cursor, found.tables, open_workflows(cursor, places))

    try:
        with explained(project):
            old_tables.wait_for_quiet(look, say, most_s=60 * minutes, program=TAKEOVER.program)
    except KeyboardInterrupt:
        click.echo("Nothing was changed.", err=True)
        raise click.Abort from None
    finally:
        engine.dispose()


def _adoption(cursor: extensions.cursor) -> Adoption:
    adoption = Adoption.read(cursor, TAKEOVER)
    if adoption is None:
        raise NotFoundError(_NOT_ADOPTED)
    return adoption
