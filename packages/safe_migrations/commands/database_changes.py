"""`flask db upgrade`, `downgrade`, `stamp`, `ensure-version`: what changes the database."""

from typing import Any

import click

from safe_migrations.commands.alembic_command import SQL, TAG, run
from safe_migrations.commands.command import Result, command, wants_json
from safe_migrations.project import Project


@command(
    SQL,
    TAG,
    click.argument("revision", default="head"),
    revisions_as_arguments=True,
    doing="Upgrading the schema",
)
def upgrade(revision: str, project: Project, **options: Any) -> Result | None:
    """Bring the schema to a revision, by default the newest.

    Locks that can't be had at once are given up and tried again; deploys wait for each
    other; what was cut off is resumed. `--sql` writes a script for psql instead.

    Example: flask db upgrade
    """
    from safe_migrations.current import read_current  # noqa: PLC0415
    from safe_migrations.revisions import heads  # noqa: PLC0415

    before = None
    is_to_head = revision in {"head", "heads"} and not options["sql"] and not options["tag"]
    if is_to_head or wants_json():
        before = read_current(project, options["x"], is_wary=not project.is_elsewhere)
    # Nothing pending, as nearly always: known without importing Alembic.
    is_own = is_to_head and not project.is_elsewhere
    if is_own and before == heads(project.versions) and len(before) == 1:
        return Result(
            {"before": before, "after": before},
            f"Nothing to do: the database is at {before[0]} (head).",
        )
    return _moved(before, run(project, "upgrade", revision, **options), project)


@command(
    SQL,
    TAG,
    click.argument("revision", default="-1"),
    revisions_as_arguments=True,
    doing="Taking the schema back",
)
def downgrade(revision: str, project: Project, **options: Any) -> Result | None:
    """Take the schema back to a revision, by default one step.

    Example: flask db downgrade -1
    """
    before = _read_for_json(project, options["x"])
    return _moved(before, run(project, "downgrade", revision, **options), project)


@command(
    SQL,
    TAG,
    click.option("--purge", is_flag=True, help="First forget the revision that the database has."),
    click.option("--force", is_flag=True, help="Believe you, and compare nothing."),
    click.argument("revisions", nargs=-1, metavar="[REVISION]..."),
    revisions_as_arguments=True,
    doing="Setting the revision",
)
def stamp(
    revisions: tuple[str, ...], project: Project, *, force: bool, **options: Any
) -> Result | None:
    """Set the revision of the database without changing its schema.

    Several revisions are those of several branches. Without one it is the newest. The database is
    compared first with the models, or with what the revisions make in a scratch database. Exits
    with 2 when it differs, 1 when it has tables of others or can't be compared.

    Example: flask db stamp head
    """
    before = _read_for_json(project, options["x"])
    revisions = revisions or ("head",)
    now = run(project, "stamp", revisions, attributes={"force": force}, **options)
    return _moved(before, now, project)


@command(SQL)
def ensure_version(project: Project, **options: Any) -> Result:
    """Make Alembic's table of versions, if the database does not have it.

    Example: flask db ensure-version
    """
    run(project, "ensure_version", **options)
    return Result({"table": "alembic_version"})


def _read_for_json(project: Project, x: tuple[str, ...]) -> tuple[str, ...] | None:
    from safe_migrations.current import read_current  # noqa: PLC0415

    return read_current(project, x) if wants_json() else None


def _moved(
    before: tuple[str, ...] | None, now: tuple[str, ...] | None, project: Project
) -> Result | None:
    """Tell where the database is; with --sql it is where it was."""
    if now is None:
        return None
    from safe_migrations.standing import standing  # noqa: PLC0415

    place = standing(now, project.versions).place
    return Result({"before": before, "after": now}, place)
