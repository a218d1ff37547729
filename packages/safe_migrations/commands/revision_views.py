"""`flask db current`, `history`, `heads`, `branches`, `show`, `list-templates`: what only shows."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.commands.alembic_command import VERBOSE, config, run
from safe_migrations.commands.command import Result, command, wants_json
from safe_migrations.errors import ExitCode
from safe_migrations.project import Project
from safe_migrations.revisions import revisions

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy.
    from safe_migrations.foreign import Foreign
    from safe_migrations.standing import Standing


@command(
    VERBOSE,
    click.option("-c", "--check-heads", is_flag=True, help="Exit with 3 unless there, or ahead."),
    doing="Looking where the database is",
)
def current(project: Project, *, verbose: bool, check_heads: bool, **options: Any) -> Result:
    """Show the revision of the database.

    Exits with 1 when the tables that it tells of are not those of the revisions.

    Example: flask db current --check-heads
    """
    from safe_migrations.current import read_current  # noqa: PLC0415
    from safe_migrations.revisions import heads  # noqa: PLC0415

    found = read_current(project, options["x"], is_wary=not project.is_elsewhere)
    folder = project.versions
    newest, known = heads(folder), {item.id for item in revisions(folder)}
    is_ahead = bool(found) and not known.issuperset(found or ())
    if is_ahead:
        _check_that_it_is_ahead(project, options["x"])
        text = "\n".join(f"{item} (ahead of {' and '.join(newest)})" for item in found or ())
    elif found is None or verbose:
        if found is None and (foreign := _foreign(project, options["x"])):
            raise ConfigurationError(str(foreign))
        run(project, "current", verbose=verbose, check_heads=check_heads, **options)
        found, text = read_current(project, options["x"]) or (), ""
    else:
        text = "\n".join(f"{item} (head)" if item in newest else item for item in found)
    found = found or ()
    is_at_head = sorted(found) == sorted(newest)
    is_behind = not is_at_head and not is_ahead
    if check_heads and is_behind and not wants_json():
        where = f"at {' and '.join(found)}" if found else "at no revision"
        way_out = _foreign(project, options["x"]) or "`flask db upgrade`."
        click.echo(
            f"The database is {where}, the head is {' and '.join(newest)}: {way_out}", err=True
        )
    return Result(
        {"current": found, "heads": newest, "is_at_head": is_at_head, "is_ahead": is_ahead},
        text,
        ExitCode.BEHIND if check_heads and is_behind else ExitCode.OK,
    )


@command(
    VERBOSE,
    click.option("-r", "--rev-range", help="From:to."),
    click.option("-i", "--indicate-current", is_flag=True, help="Mark the database's revision."),
)
def history(
    project: Project, x: tuple[str, ...], rev_range: str | None, **options: Any
) -> Result | None:
    """List the revisions, the newest first.

    Example: flask db history -i
    """
    if rev_range is not None and rev_range.count(":") != 1:
        message = f"{rev_range} is not a range: write from:to, from: or :to."
        raise click.UsageError(message)
    if not wants_json():
        run(project, "history", x=x, rev_range=rev_range, **options)
        return None
    from safe_migrations.history import history  # noqa: PLC0415
    from safe_migrations.runner import explained  # noqa: PLC0415

    needs_database = options["indicate_current"] or "current" in (rev_range or "").split(":")
    now = _stored(project, x) if needs_database else ()
    with explained(project):
        return Result({"revisions": history(config(project, x), rev_range, now)})


@command(
    VERBOSE,
    click.option("--resolve-dependencies", is_flag=True, help="Take dependencies for ancestors."),
)
def heads(project: Project, x: tuple[str, ...], **options: Any) -> Result | None:
    """Show the newest revisions; more than one want merging.

    Example: flask db heads
    """
    if not wants_json():
        run(project, "heads", x=x, **options)
        return None
    from safe_migrations.history import heads  # noqa: PLC0415
    from safe_migrations.runner import explained  # noqa: PLC0415

    with explained(project):
        resolve = options["resolve_dependencies"]
        return Result({"revisions": heads(config(project, x), resolve_dependencies=resolve)})


@command(VERBOSE)
def branches(project: Project, x: tuple[str, ...], **options: Any) -> Result | None:
    """Show the revisions that several others follow.

    Example: flask db branches -v
    """
    if not wants_json():
        run(project, "branches", x=x, **options)
        return None
    from safe_migrations.history import branches  # noqa: PLC0415
    from safe_migrations.runner import explained  # noqa: PLC0415

    with explained(project):
        return Result({"revisions": branches(config(project, x))})


@command(click.argument("revision", default="head"))
def show(revision: str, project: Project, x: tuple[str, ...]) -> Result | None:
    """Show one revision.

    Example: flask db show head
    """
    if not wants_json():
        run(project, "show", revision, x=x)
        return None
    from safe_migrations.history import show  # noqa: PLC0415
    from safe_migrations.runner import explained  # noqa: PLC0415

    with explained(project):
        return Result({"revisions": show(config(project, x), revision)})


def _check_that_it_is_ahead(project: Project, x: tuple[str, ...]) -> None:
    """Raise ConfigurationError unless this code can run on a schema that it does not have."""
    found = _standing(project, x)
    if not found.can_be_served:
        raise ConfigurationError(str(found))


def _standing(project: Project, x: tuple[str, ...]) -> "Standing":
    from safe_migrations.inspection import foreign, history, stored_revisions  # noqa: PLC0415
    from safe_migrations.standing import standing  # noqa: PLC0415
    from safe_migrations.target import opened, target  # noqa: PLC0415

    settings = project.settings
    with opened(target(settings, x), settings) as connection:
        found = standing(stored_revisions(connection), project.versions, history(connection))
        return replace(found, foreign=foreign(connection, project))


def _foreign(project: Project, x: tuple[str, ...]) -> "Foreign | None":
    """Look for other tables where the models' belong; why it can't is told by who asks next."""
    try:
        return _standing(project, x).foreign
    except PlainError:
        return None


def _stored(project: Project, x: tuple[str, ...]) -> tuple[str, ...]:
    from safe_migrations.inspection import stored_revisions  # noqa: PLC0415
    from safe_migrations.target import opened, target  # noqa: PLC0415

    settings = project.settings
    with opened(target(settings, x), settings) as connection:
        return stored_revisions(connection) or ()


@command()
def list_templates(project: Project, **options: Any) -> Result | None:
    """List Alembic's templates for `flask db init --template`.

    Example: flask db list-templates
    """
    run(project, "list_templates", **options)
    return Result({"templates": ["async", "generic", "multidb", "pyproject", "pyproject_async"]})
