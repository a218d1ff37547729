"""`flask db docs`: writes the schema's documentation, or tells whether it is stale."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from plain_commands.command import subject
from plain_commands.errors import ConfigurationError
from safe_migrations.commands.command import Result, command
from safe_migrations.errors import ExitCode

if TYPE_CHECKING:
    from safe_migrations.project import Project


@command(
    click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The file, instead of docs/DATABASE_SCHEMA.md.",
    ),
    click.option("--check", is_flag=True, help="Write nothing; exit with 2 when it is stale."),
    migrations=False,
)
def docs(output: Path | None, *, check: bool) -> Result:
    """Write docs/DATABASE_SCHEMA.md from the models: tables, constraints, indexes, a diagram.

    It needs no database.

    Example: flask db docs --check
    """
    from safe_migrations.documentation import document  # noqa: PLC0415

    project: Project = subject()
    path = output or project.docs
    wanted = document(project.tables, project.models)
    try:
        found = path.read_text(encoding="utf-8") if path.exists() else None
        if not check and found != wanted:
            if output is None:
                path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
    except OSError as error:
        message = f"{path} can't be used: {error.strerror}."
        raise ConfigurationError(message) from error
    return _result(path, is_stale=found != wanted, is_check=check)


def _result(path: Path, *, is_stale: bool, is_check: bool) -> Result:
    document = {"path": str(path), "stale": is_stale and is_check, "written": not is_check}
    if not is_stale:
        return Result({**document, "written": False}, f"{path.name} is up to date.")
    if is_check:
        text = f"{path.name} is stale: run `flask db docs`."
        return Result(document, text, ExitCode.DRIFT)
    return Result(document, f"Wrote {path}.")
