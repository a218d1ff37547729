"""`flask db status`: one screen on the database and its schema."""

from typing import TYPE_CHECKING

from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy.
    from safe_migrations.overview import Overview

WIDTH = 14


@command(doing="Looking at the database")
def status(project: Project, x: tuple[str, ...]) -> Result:
    """Show the database, its revision, and what is pending, drifted or left undone.

    Exits with 1 when other tables stand where the models' belong, and says what they are and what
    to do; with 6 when the revisions have several heads, 3 when revisions are pending, 2 when the
    models and the database differ.

    Example: flask db status
    """
    from safe_migrations.overview import overview  # noqa: PLC0415

    found = overview(project, x)
    return Result(found.as_json(), _text(found), found.exit_code)


def _text(found: "Overview") -> str:
    stands = found.standing
    lines = [
        _line("Database", _database(found)),
        _line("Server", _server(found)),
        _line("Revision", _revision(found)),
        *(
            [_line("Tables", stands.foreign.said, *stands.foreign.commands.splitlines())]
            if stands.foreign
            else []
        ),
        _line("Heads", *map(str, stands.heads)),
        _line("Pending", *map(str, stands.pending)),
    ]
    if found.interrupted_revisions:
        said = [
            f"{item}: `flask db upgrade` goes on with it" for item in found.interrupted_revisions
        ]
        lines.append(_line("Interrupted", *said))
    if stands.foreign:
        lines.append(_line("Drift", "not looked for, as the tables are not the models'"))
    elif found.drift is None:
        lines.append(_line("Drift", "not looked for as long as the revisions differ"))
    else:
        lines.append(_line("Drift", *[item.detail for item in found.drift], none=_none(found)))
    if found.incomplete:
        said = [f"{item.table}: {item.reason}" for item in found.incomplete]
        lines.append(_line("Not compared", *said))
    if found.beyond_models:
        lines.append(_line("Beyond models", *map(str, found.beyond_models)))
    being_built = {True: " (being built)", False: ""}
    indexes = [
        f"{item.name} on {item.table}{being_built[item.is_being_built]}"
        for item in found.invalid_indexes
    ]
    constraints = [f"{item.name} on {item.table}" for item in found.unvalidated_constraints]
    lines += [
        _line("Invalid", *indexes, none="no indexes"),
        _line("Not valid", *constraints, none="no constraints"),
        _line("Backfills", *found.unfinished_backfills, none="none unfinished"),
    ]
    return "\n".join(lines)


def _none(found: "Overview") -> str:
    return "none in what could be compared" if found.incomplete else "none"


def _line(label: str, *said: str, none: str = "none") -> str:
    """Write a label and what is said of it, one line for each, below each other."""
    first, *rest = said or (none,)
    return "\n".join([label.ljust(WIDTH) + first, *(" " * WIDTH + item for item in rest)])


def _database(found: "Overview") -> str:
    from serverless_postgres.url import masked  # noqa: PLC0415

    return f"{masked(found.target.url)} ({found.target.source})"


def _server(found: "Overview") -> str:
    kind = ", Neon" if found.target.is_neon else ""
    way = "pooled" if found.is_pooled else "direct"
    return f"PostgreSQL {found.server.version}{kind}, {way}"


def _revision(found: "Overview") -> str:
    stands = found.standing
    if not stands.stored and stands.foreign:
        return "none"
    if not stands.stored:
        return "none: `flask db upgrade` makes the tables"
    if stands.is_ahead:
        verdict = "breaks it" if stands.breaking else "it can run on that"
        return f"{', '.join(stands.stored)} (ahead of this code: {verdict})"
    heads = {item.revision for item in stands.heads}
    marks = dict.fromkeys(heads, " (head)")
    marks |= dict.fromkeys(stands.unknown, " (which these files don't have)")
    return ", ".join(item + marks.get(item, "") for item in stands.stored)
