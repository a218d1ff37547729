"""`flask db import-sqlite`: imports the predecessor's file and says what became of each row."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.db.command import Result, command
from service.cli.waiting import hush
from service.settings import Settings

if TYPE_CHECKING:  # At run time, no other command of `flask db` should wait a second for them.
    from service.db.database import Database
    from service.domain.predecessor import Progress, Report, TableReport

NOTICE_AFTER_S = 2
IDS_SHOWN = 10
COUNTS = ("read", "written", "already_there", "refused", "repaired")


@command(
    click.argument("file", type=click.Path(path_type=Path)),
    click.option("--dry-run", is_flag=True, help="Do everything, then take it back."),
    migrations=False,
    doing="Opening the file and the database",
)
def import_sqlite(file: Path, *, dry_run: bool) -> Result:
    """Import the SQLite file of the predecessor, all of it or nothing.

    Rows that were imported before are left as they are, so it may be run again with a newer state
    of the same file. The report accounts for every row.

    Example: flask db import-sqlite trip_planner.db --dry-run
    """
    from service.domain.predecessor import import_rows, open_file  # noqa: PLC0415

    with _database() as database, _progress(file) as progress:
        report = import_rows(database, open_file(file), dry_run=dry_run, progress=progress)
    return Result(report.as_json(), _text(report))


@contextmanager
def _database() -> Iterator["Database"]:
    """Use the database past the pooler, as for schema changes: this is one long transaction."""
    from service.db.database import Database  # noqa: PLC0415
    from service.db.url import resolve  # noqa: PLC0415

    settings = Settings.load()
    url = resolve(settings, direct=True).render_as_string(hide_password=False)
    database = Database(replace(settings, database_url=url))
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _progress(file: Path) -> Iterator["Progress"]:
    """Show on a terminal how far the work is; elsewhere, say once that it takes a while."""
    if sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield _notice(file)


@contextmanager
def _bar() -> Iterator["Progress"]:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    hush()
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Opening")

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield progress


def _notice(file: Path) -> "Progress":
    due = time.monotonic() + NOTICE_AFTER_S
    is_given = False

    def progress(_what: str, _done: int, total: int) -> None:
        nonlocal is_given
        if not is_given and time.monotonic() > due:
            click.echo(f"Importing {total // 2:,} rows of {file} ...", err=True)
            is_given = True

    return progress


def _text(report: "Report") -> str:
    """Write the report for people."""
    lines = [f"{report.source} (revision {report.revision})", ""]
    lines.append(f"{'':12}" + "".join(f"{name.replace('_', ' '):>15}" for name in COUNTS))
    for name, table in report.tables.items():
        lines.append(f"{name:12}" + "".join(f"{getattr(table, count):>15,}" for count in COUNTS))
    for name, table in report.tables.items():
        lines += _details(name, table)
    if report.unknown_columns:
        lines += ["", f"Unknown columns, not imported: {', '.join(report.unknown_columns)}."]
    outcome = "Dry run: nothing was written." if report.dry_run else "Imported."
    if report.refused:
        rows = "row was" if report.refused == 1 else "rows were"
        outcome += f" {report.refused:,} {rows} refused."
    return "\n".join([*lines, "", outcome])


def _details(name: str, table: "TableReport") -> list[str]:
    lines = [
        f"  {item.rows:,} x {item.repair} ({_ids(item.examples, item.rows)})"
        for item in table.repairs
    ]
    if lines:
        lines = ["", f"Repaired in {name}:", *lines]
    if table.refusals:
        lines += ["", f"Refused of {name}:"]
        lines += [
            f"  {len(item.ids):,} x {item.reason} ({_ids(item.ids, len(item.ids))})"
            for item in table.refusals
        ]
    return lines


def _ids(ids: Sequence[str | None], count: int) -> str:
    shown = ", ".join(str(item) for item in ids[:IDS_SHOWN])
    return f"legacy id {shown}{', ...' if count > min(len(ids), IDS_SHOWN) else ''}"
