"""`flask db upgrade`, `downgrade`, `stamp`, `ensure-version`: what changes the database."""

from typing import Any

import click

from safe_migrations.commands.alembic_command import SQL, TAG, run
from safe_migrations.commands.command import Result, command, wants_json
from safe_migrations.revisions import folder_of


@command(
    SQL,
    TAG,
    click.argument("revision", default="head"),
    revisions_as_arguments=True,
    doing="Upgrading the schema",
)
def upgrade(revision: str, **options: Any) -> Result | None:
    """Bring the schema to a revision, by default the newest.

    Locks that are not to be had at once are given up and tried for again; deploys wait for each
    other; what was cut off is resumed. `--sql` writes a script for psql instead.

    Example: flask db upgrade
    """
    from safe_migrations.current import read_current  # noqa: PLC0415
    from safe_migrations.revisions import heads  # noqa: PLC0415

    before = None
    is_to_head = revision in {"head", "heads"} and not options["sql"] and not options["tag"]
    if is_to_head or wants_json():
        before = read_current(options["x"], is_wary=not options["directory"])
    # Nothing pending, as nearly always: known without importing Alembic.
    if is_to_head and not options["directory"] and before == heads() and len(before) == 1:
        return Result(
            {"before": before, "after": before},
            f"Nothing to do: the database is at {before[0]} (head).",
        )
    return _moved(before, run("upgrade", revision, **options), options["directory"])


@command(
    SQL,
    TAG,
    click.argument("revision", default="-1"),
    revisions_as_arguments=True,
    doing="Taking the schema back",
)
def downgrade(revision: str, **options: Any) -> Result | None:
    """Take the schema back to a revision, by default one step.

    Example: flask db downgrade -1
    """
    before = _read_for_json(options["x"])
    return _moved(before, run("downgrade", revision, **options), options["directory"])


@command(
    SQL,
    TAG,
    click.option("--purge", is_flag=True, help="Forget what the database says of itself first."),
    click.option("--force", is_flag=True, help="Take your word for it, and compare nothing."),
    click.argument("revisions", nargs=-1, metavar="[REVISION]..."),
    revisions_as_arguments=True,
    doing="Setting the revision",
)
def stamp(revisions: tuple[str, ...], *, force: bool, **options: Any) -> Result | None:
    """Set the revision of the database without changing its schema.

    Several revisions are those of several branches. Without one it is the newest. The database is
    compared first with the models, or with what the revisions make in a scratch database. Exits
    with 2 when it differs, 1 when it has tables of others or can't be compared.

    Example: flask db stamp head
    """
    before = _read_for_json(options["x"])
    revisions = revisions or ("head",)
    now = run("stamp", revisions, attributes={"force": force}, **options)
    return _moved(before, now, options["directory"])


@command(SQL)
def ensure_version(**options: Any) -> Result:
    """Make Alembic's table of versions, if the database does not have it.

    Example: flask db ensure-version
    """
    run("ensure_version", **options)
    return Result({"table": "alembic_version"})


def _read_for_json(x: tuple[str, ...]) -> tuple[str, ...] | None:
    from safe_migrations.current import read_current  # noqa: PLC0415

    return read_current(x) if wants_json() else None


def _moved(
    before: tuple[str, ...] | None, now: tuple[str, ...] | None, directory: str | None
) -> Result | None:
    """Tell where the database is; with --sql it is where it was."""
    if now is None:
        return None
    from safe_migrations.standing import standing  # noqa: PLC0415

    place = standing(now, folder_of(directory)).place
    return Result({"before": before, "after": now}, place)
