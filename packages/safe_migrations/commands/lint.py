"""`flask db lint`: the unsafe operations in revisions, and the safe way to do each."""

from contextlib import ExitStack
from textwrap import indent
from typing import TYPE_CHECKING

import click

from plain_commands.errors import ConfigurationError
from safe_migrations.commands.command import Result, command
from safe_migrations.errors import ExitCode
from safe_migrations.project import Project

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy and Alembic.
    from sqlalchemy import Connection

    from safe_migrations.lint.finding import Finding
    from safe_migrations.lint.run import Report


@command(
    click.option("--all", "everything", is_flag=True, help="Check all revisions."),
    click.option("--static", is_flag=True, help="Don't look at the database."),
    click.argument("revisions", metavar="[RANGE]", required=False),
    revisions_as_arguments=True,
)
def lint(
    revisions: str | None,
    project: Project,
    x: tuple[str, ...],
    *,
    everything: bool,
    static: bool,
) -> Result:
    """Find operations in revisions that are unsafe on a database in use.

    RANGE is one revision, or a:b for those after a up to b. Without it these are the pending
    revisions, or all when there is no database. A comment with a reason silences a rule, on the
    statement, in the line above it, or outside the functions for the whole file:
    `# lint: allow(drop-column) last read in release 1.4`.
    Exits with 4 when something is found.

    Example: flask db lint head
    """
    from safe_migrations.lint.run import lint as judge  # noqa: PLC0415
    from safe_migrations.runner import configuration  # noqa: PLC0415

    config = configuration(project, x, quiet=True, lenient=True)
    with ExitStack() as stack:
        connection = None if static else _connect(stack, project, x)
        found = judge(config, revisions, connection, everything=everything)
    if found.problem:
        click.echo(
            f"env.py stops with {found.problem}: naming conventions and operations that it sets up "
            "are not known.",
            err=True,
        )
    document = {"findings": [_document(item) for item in found.findings]}
    return Result(document, _text(found), ExitCode.LINT if found.findings else ExitCode.OK)


def _connect(stack: ExitStack, project: Project, x: tuple[str, ...]) -> "Connection | None":
    from safe_migrations.current import EMBEDDED, source  # noqa: PLC0415
    from safe_migrations.target import opened, target  # noqa: PLC0415

    settings = project.settings
    try:
        # Only to be read, an embedded database need not be made.
        if source(settings, x) == EMBEDDED and not (settings.instance_dir / "postgres").is_dir():
            why = "there is no database."
        else:
            return stack.enter_context(opened(target(settings, x), settings))
    except ConfigurationError as error:
        why = error.detail
    click.echo(f"Judged from the files alone: {why}", err=True)
    return None


def _document(item: "Finding") -> dict[str, object]:
    from safe_migrations.lint.fixes import runs  # noqa: PLC0415

    return {
        "revision": item.revision,
        "rule": item.rule,
        "line": item.line,
        "statement": item.statement,
        "why": item.why,
        "fix": item.fix,
        "fix_runs": runs(item.fix),
    }


def _text(found: "Report") -> str:
    looked_at = f"{found.revisions} revision{'s' * (found.revisions != 1)}"
    if not found.findings:
        return f"Nothing unsafe in {looked_at}."
    count = len(found.findings)
    parts = [_paragraph(item) for item in found.findings]
    return "\n\n".join([*parts, f"{count} finding{'s' * (count != 1)} in {looked_at}."])


def _paragraph(item: "Finding") -> str:
    place = f"{item.revision}, line {item.line}: {item.rule}"
    return "\n".join([place, f"  {item.statement}", f"  {item.why}", indent(item.fix, "      ")])
