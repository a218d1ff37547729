"""How far an import is, on a terminal and elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from plain_commands.waiting import hush

if TYPE_CHECKING:  # At run time, no other command of `flask db` should wait a second for it.
    from sqlite_to_postgres.importing import Progress

NOTICE_AFTER_S = 2


@contextmanager
def progress_of(source: str) -> Iterator["Progress"]:
    """Show on a terminal how far the work is; elsewhere, say once that it takes a while."""
    if sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield _notice(source)


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


def _notice(source: str) -> "Progress":
    due = time.monotonic() + NOTICE_AFTER_S
    is_given = False

    def progress(_what: str, _done: int, total: int) -> None:
        nonlocal is_given
        if not is_given and time.monotonic() > due:
            click.echo(f"Importing {total // 2:,} rows of {source} ...", err=True)
            is_given = True

    return progress
