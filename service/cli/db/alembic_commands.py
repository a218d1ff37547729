"""The commands that Alembic and Flask-Migrate have too, with their names and flags."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.db.command import Result, command, wants_json
from service.cli.waiting import hush
from service.errors import ConfigurationError, ExitCode
from service.schema.revisions import folder_of, revisions
from service.settings import Settings

if TYPE_CHECKING:  # At run time, only the command that needs it waits for Alembic's imports.
    from alembic.config import Config


def _readable(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse what no file in UTF-8 can hold: bytes of another encoding."""
    try:
        (value or "").encode()
    except UnicodeEncodeError as error:
        message = "it is not in UTF-8, as the file is to be."
        raise click.BadParameter(message) from error
    return value


_message = click.option(
    "-m", "--message", callback=_readable, help="What the revision does, in a few words."
)
_sql = click.option("--sql", is_flag=True, help="Write the SQL to standard output, run nothing.")
_tag = click.option("--tag", help="A word that env.py can read.")
_verbose = click.option("-v", "--verbose", is_flag=True, help="Show more.")
_rev_id = click.option("--rev-id", help="The revision's id, instead of a made one.")
_branch_label = click.option("--branch-label", help="A name for the branch.")
_places = (
    click.option("--head", default="head", help="The revision to follow."),
    click.option("--splice", is_flag=True, help="Allow a revision that is not a head."),
    click.option("--version-path", help="The folder for the file."),
)


def _run(name: str, *arguments: object, **options: Any) -> Any:
    if options.get("sql") and wants_json():
        message = "--sql writes SQL to standard output, where --json would write its own."
        raise click.UsageError(message)
    if "" in arguments:
        message = "Name a revision: an id, `head`, `base`, or a step such as +1."
        raise click.UsageError(message)
    for value in arguments:
        if isinstance(value, str) and value.count(":") > 1:
            message = f"{value} is no range: write from:to."
            raise click.UsageError(message)
    from service.schema.runner import run  # noqa: PLC0415

    return run(name, *arguments, **options)


def _config(directory: str | None, x: tuple[str, ...]) -> "Config":
    from service.schema.runner import configuration  # noqa: PLC0415

    return configuration(directory, x)


# --- Commands that change the database -----------------------------------------------------------


@command(
    _sql,
    _tag,
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
    from service.schema.current import read_current  # noqa: PLC0415
    from service.schema.revisions import heads  # noqa: PLC0415

    before = None
    is_to_head = revision in {"head", "heads"} and not options["sql"] and not options["tag"]
    if is_to_head or wants_json():
        before = read_current(options["x"])
    # Nothing pending, as nearly always: known without importing Alembic.
    if is_to_head and not options["directory"] and before == heads() and len(before) == 1:
        return Result(
            {"before": before, "after": before},
            f"Nothing to do: the database is at {before[0]} (head).",
        )
    return _moved(before, _run("upgrade", revision, **options), options["directory"])


@command(
    _sql,
    _tag,
    click.argument("revision", default="-1"),
    revisions_as_arguments=True,
    doing="Taking the schema back",
)
def downgrade(revision: str, **options: Any) -> Result | None:
    """Take the schema back to a revision, by default one step.

    Example: flask db downgrade -1
    """
    before = _read_for_json(options["x"])
    return _moved(before, _run("downgrade", revision, **options), options["directory"])


@command(
    _sql,
    _tag,
    click.option("--purge", is_flag=True, help="Forget what the database says of itself first."),
    click.argument("revisions", nargs=-1, metavar="[REVISION]..."),
    revisions_as_arguments=True,
    doing="Setting the revision",
)
def stamp(revisions: tuple[str, ...], **options: Any) -> Result | None:
    """Set the revision of the database without changing its schema.

    Several revisions are those of several branches. Without one it is the newest.

    Example: flask db stamp head
    """
    before = _read_for_json(options["x"])
    return _moved(before, _run("stamp", revisions or ("head",), **options), options["directory"])


@command(_sql)
def ensure_version(**options: Any) -> Result:
    """Make Alembic's table of versions, if the database does not have it.

    Example: flask db ensure-version
    """
    _run("ensure_version", **options)
    return Result({"table": "alembic_version"})


def _read_for_json(x: tuple[str, ...]) -> tuple[str, ...] | None:
    from service.schema.current import read_current  # noqa: PLC0415

    return read_current(x) if wants_json() else None


def _moved(
    before: tuple[str, ...] | None, now: tuple[str, ...] | None, directory: str | None
) -> Result | None:
    """Tell where the database is; with --sql it is where it was."""
    if now is None:
        return None
    from service.schema.standing import standing  # noqa: PLC0415

    place = standing(now, folder_of(directory)).place
    return Result({"before": before, "after": now}, place)


# --- Commands that write revisions ---------------------------------------------------------------


@command(
    _message,
    _sql,
    _rev_id,
    _branch_label,
    *_places,
    click.option("--depends-on", multiple=True, help="A revision that is to be there before."),
    click.option("--autogenerate", is_flag=True, help="Compare the models with the database."),
)
def revision(depends_on: tuple[str, ...], **options: Any) -> Result:
    """Write a new revision, empty unless it is autogenerated.

    Example: flask db revision -m "Add a column"
    """
    return _written(_run("revision", depends_on=depends_on or None, **options))


@command(
    _message,
    _sql,
    _rev_id,
    _branch_label,
    *_places,
    click.option(
        "--rename",
        "renames",
        multiple=True,
        metavar="TABLE.OLD:NEW",
        help="A column (or table, OLD:NEW) that got another name.",
    ),
    click.option("--no-rename", "no_renames", is_flag=True, help="What looks renamed is not."),
    click.option(
        "--epochs",
        multiple=True,
        metavar="TABLE.COLUMN:s|ms|us",
        help="What a column counts that becomes a time, since 1970.",
    ),
    doing="Comparing the models with the database",
)
def migrate(
    renames: tuple[str, ...], epochs: tuple[str, ...], *, no_renames: bool, **options: Any
) -> Result:
    """Write a new revision from what differs between the models and the database.

    Example: flask db migrate -m "Add users.nickname"
    """
    attributes = {
        "renames": list(renames),
        "no_renames": no_renames,
        "epochs": list(epochs),
        "ask": _ask(),
    }
    return _written(_run("revision", autogenerate=True, attributes=attributes, **options))


@command(
    _message,
    _rev_id,
    _branch_label,
    click.argument("revisions", nargs=-1, required=True),
)
def merge(revisions: tuple[str, ...], **options: Any) -> Result:
    """Write a revision that joins several heads.

    Example: flask db merge heads -m "Join the branches"
    """
    return _written(_run("merge", revisions, **options))


@command(click.argument("revision", default="head"))
def edit(revision: str, **options: Any) -> Result:
    """Open the file of a revision in $EDITOR.

    Example: flask db edit head
    """
    _run("edit", revision, **options)
    return Result({"revision": revision})


def _ask() -> Any:
    if wants_json() or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(question: str) -> bool:
        hush()
        return click.confirm(question, default=False, err=True)

    return ask


def _written(scripts: Any) -> Result:
    revisions.cache_clear()  # There is one more.
    found = scripts if isinstance(scripts, list) else [scripts]
    return Result(
        {
            "revisions": [
                {"revision": script.revision, "title": script.doc, "path": script.path}
                for script in found
                if script
            ]
        }
    )


# --- Commands that show --------------------------------------------------------------------------


@command(
    _verbose,
    click.option("-c", "--check-heads", is_flag=True, help="Exit with 3 unless there, or ahead."),
    doing="Looking where the database is",
)
def current(directory: str | None, *, verbose: bool, check_heads: bool, **options: Any) -> Result:
    """Show the revision of the database.

    Example: flask db current --check-heads
    """
    from service.schema.current import read_current  # noqa: PLC0415
    from service.schema.revisions import heads  # noqa: PLC0415

    found = read_current(options["x"])
    folder = folder_of(directory)
    newest, known = heads(folder), {item.id for item in revisions(folder)}
    is_ahead = bool(found) and not known.issuperset(found or ())
    if is_ahead:
        _check_that_it_is_ahead(folder, options["x"])
        text = "\n".join(f"{item} (ahead of {' and '.join(newest)})" for item in found or ())
    elif found is None or verbose:
        _run("current", directory=directory, verbose=verbose, check_heads=check_heads, **options)
        found, text = read_current(options["x"]) or (), ""
    else:
        text = "\n".join(f"{item} (head)" if item in newest else item for item in found)
    found = found or ()
    is_at_head = sorted(found) == sorted(newest)
    is_behind = not is_at_head and not is_ahead
    if check_heads and is_behind and not wants_json():
        where = f"at {' and '.join(found)}" if found else "at no revision"
        message = f"The database is {where}, the head is {' and '.join(newest)}: `flask db upgrade`"
        click.echo(f"{message}.", err=True)
    return Result(
        {"current": found, "heads": newest, "is_at_head": is_at_head, "is_ahead": is_ahead},
        text,
        ExitCode.BEHIND if check_heads and is_behind else ExitCode.OK,
    )


@command(
    _verbose,
    click.option("-r", "--rev-range", help="From:to."),
    click.option("-i", "--indicate-current", is_flag=True, help="Mark the database's revision."),
)
def history(
    directory: str | None, x: tuple[str, ...], rev_range: str | None, **options: Any
) -> Result | None:
    """List the revisions, the newest first.

    Example: flask db history -i
    """
    if rev_range is not None and rev_range.count(":") != 1:
        message = f"{rev_range} is no range: write from:to, from: or :to."
        raise click.UsageError(message)
    if not wants_json():
        _run("history", directory=directory, x=x, rev_range=rev_range, **options)
        return None
    from service.schema.history import history  # noqa: PLC0415
    from service.schema.runner import explained  # noqa: PLC0415

    needs_database = options["indicate_current"] or "current" in (rev_range or "").split(":")
    now = _stored(x) if needs_database else ()
    with explained(directory):
        return Result({"revisions": history(_config(directory, x), rev_range, now)})


@command(
    _verbose,
    click.option("--resolve-dependencies", is_flag=True, help="Take dependencies for ancestors."),
)
def heads(directory: str | None, x: tuple[str, ...], **options: Any) -> Result | None:
    """Show the newest revisions; more than one want merging.

    Example: flask db heads
    """
    if not wants_json():
        _run("heads", directory=directory, x=x, **options)
        return None
    from service.schema.history import heads  # noqa: PLC0415
    from service.schema.runner import explained  # noqa: PLC0415

    with explained(directory):
        resolve = options["resolve_dependencies"]
        return Result({"revisions": heads(_config(directory, x), resolve_dependencies=resolve)})


@command(_verbose)
def branches(directory: str | None, x: tuple[str, ...], **options: Any) -> Result | None:
    """Show the revisions that several others follow.

    Example: flask db branches -v
    """
    if not wants_json():
        _run("branches", directory=directory, x=x, **options)
        return None
    from service.schema.history import branches  # noqa: PLC0415
    from service.schema.runner import explained  # noqa: PLC0415

    with explained(directory):
        return Result({"revisions": branches(_config(directory, x))})


@command(click.argument("revision", default="head"))
def show(revision: str, directory: str | None, x: tuple[str, ...]) -> Result | None:
    """Show one revision.

    Example: flask db show head
    """
    if not wants_json():
        _run("show", revision, directory=directory, x=x)
        return None
    from service.schema.history import show  # noqa: PLC0415
    from service.schema.runner import explained  # noqa: PLC0415

    with explained(directory):
        return Result({"revisions": show(_config(directory, x), revision)})


def _check_that_it_is_ahead(folder: Path, x: tuple[str, ...]) -> None:
    """Raise ConfigurationError unless this code can run on a schema that it does not have."""
    from service.schema.inspection import history, stored_revisions  # noqa: PLC0415
    from service.schema.standing import standing  # noqa: PLC0415
    from service.schema.target import opened, target  # noqa: PLC0415

    settings = Settings.load()
    with opened(target(settings, x), settings) as connection:
        found = standing(stored_revisions(connection), folder, history(connection))
    if not found.can_be_served:
        raise ConfigurationError(str(found))


def _stored(x: tuple[str, ...]) -> tuple[str, ...]:
    from service.schema.inspection import stored_revisions  # noqa: PLC0415
    from service.schema.target import opened, target  # noqa: PLC0415

    settings = Settings.load()
    with opened(target(settings, x), settings) as connection:
        return stored_revisions(connection) or ()


# --- Commands for a new folder of migrations -----------------------------------------------------


@command(
    click.option("-t", "--template", help="One of Alembic's, instead of this project's own."),
    click.option("--multidb", is_flag=True, help="Alembic's template for several databases."),
    click.option("--package", is_flag=True, help="Make Python packages of the folders."),
    click.argument("folder", required=False),
)
def init(
    directory: str | None,
    folder: str | None,
    template: str | None,
    *,
    multidb: bool,
    **options: Any,
) -> Result:
    """Make a folder of migrations, with this project's env.py and template.

    Example: flask db init other_migrations
    """
    target = folder or directory or "migrations"
    chosen = template or ("multidb" if multidb else None)
    if chosen:
        _run("init", target, template=chosen, x=options["x"], package=options["package"])
        return Result({"directory": target})
    from service.schema.folder import make_folder  # noqa: PLC0415

    make_folder(target, package=options["package"])
    return Result({"directory": target}, f"Made {target}, ready for its first revision.")


@command()
def list_templates(**options: Any) -> Result | None:
    """List Alembic's templates for `flask db init --template`.

    Example: flask db list-templates
    """
    _run("list_templates", **options)
    return Result({"templates": ["async", "generic", "multidb", "pyproject", "pyproject_async"]})
