"""`flask db adopt`: takes over the predecessor's tables where they stand."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from plain_commands.confirmation import YES
from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project
from service.settings import Settings

if TYPE_CHECKING:  # At run time, no other command of `flask db` should wait a second for them.
    from sqlalchemy import URL

    from safe_migrations.rehearsal.copies import Place
    from service.cli.adopt_prototype import TakingOver


@command(
    click.option("--dry-run", is_flag=True, help="Do everything, then take it back."),
    click.option("--rehearse", is_flag=True, help="Do it on a throw-away copy of the database."),
    click.option("--keep", is_flag=True, help="Keep the copy, and say where it is."),
    click.option("--neon", "place", flag_value="neon", help="Rehearse on a branch on Neon."),
    click.option("--local", "place", flag_value="local", help="Rehearse on the same server."),
    click.option(
        "--while-running",
        type=click.FloatRange(min=0),
        is_flag=False,
        flag_value=60.0,
        metavar="[MINUTES]",
        help="First wait until nobody works on the old tables, for at most 60 minutes or as given.",
    ),
    click.option("--undo", is_flag=True, help="Put the old tables back where they were."),
    click.option("--forget", is_flag=True, help="Drop the old tables, after showing what will go."),
    YES,
    doing="Looking at the database",
)
def adopt(
    project: Project,
    x: tuple[str, ...],
    place: "Place | None",
    *,
    dry_run: bool,
    rehearse: bool,
    keep: bool,
    while_running: float | None,
    undo: bool,
    forget: bool,
    yes: bool,
) -> Result:
    """Take over the prototype's tables where they stand: all of them, or nothing.

    In one transaction they are moved into the schema `predecessor`, unchanged; the schema is
    upgraded; and their rows are brought into the new tables, as import-predecessor does it. You see
    first what will be done. If it is interrupted, run it again. From then on, writes to the
    service's tables by anybody but the service fail, with the reason. --undo is the way back, as
    long as the service has no rows of its own; --forget drops the old tables.

    Example: flask db adopt --dry-run
    """
    from safe_migrations.target import target  # noqa: PLC0415
    from service.cli import adopt_undo_forget  # noqa: PLC0415
    from service.cli.adopt_prototype import TakingOver  # noqa: PLC0415

    _check_one(
        {"--dry-run": dry_run, "--rehearse": rehearse, "--undo": undo, "--forget": forget},
        while_running,
        yes=yes,
    )
    if (keep or place) and not rehearse:
        message = "--keep, --neon and --local are about the copy of a rehearsal: add --rehearse."
        raise click.UsageError(message)
    settings = Settings.load()
    url = target(settings, x).url
    if undo:
        return adopt_undo_forget.undo(url, settings, project, say=_say)
    if forget:
        return adopt_undo_forget.forget(url, settings, yes=yes, say=_say)
    if while_running is not None:
        adopt_undo_forget.wait_for_quiet(url, settings, project, minutes=while_running, say=_say)
    taking_over = TakingOver(url, settings, project, dry_run=dry_run, say=_say)
    if rehearse:
        return _rehearsed(taking_over, url, settings, place, keep=keep)
    return taking_over.run()


def _check_one(ways: dict[str, bool], while_running: float | None, *, yes: bool) -> None:
    """Raise UsageError for options that contradict each other."""
    given = [name for name, is_given in ways.items() if is_given]
    if while_running is not None:
        given.append("--while-running")
    if len(given) > 1:
        message = f"{' and '.join(given)} are different things to do: choose one."
        raise click.UsageError(message)
    if yes and not ways["--forget"]:
        message = "--yes is the answer to what --forget asks: nothing else does."
        raise click.UsageError(message)


def _rehearsed(
    taking_over: "TakingOver", url: "URL", settings: Settings, place: "Place | None", *, keep: bool
) -> Result:
    """Take over a copy, and tell how long that took."""
    from safe_migrations.rehearsal.copies import open_copy  # noqa: PLC0415
    from safe_migrations.rehearsal.interruption import (  # noqa: PLC0415
        cancel_statements,
        interruptible,
        signals_unwind,
    )
    from serverless_postgres.url import masked  # noqa: PLC0415

    with (
        signals_unwind(),
        open_copy(url, settings, place=place, keep=keep, tell=_say) as copy,
    ):
        on_copy = replace(taking_over, url=copy.url)
        began = time.monotonic()
        result = interruptible(on_copy.run, lambda: cancel_statements(copy.url))
        duration_s = time.monotonic() - began
        kept = f"{masked(copy.url)}; to remove it, {copy.way_to_drop}" if keep else None
    end = f"The copy is kept: {kept}." if kept else "The copy is dropped."
    text = f"Rehearsed on {copy.description} in {duration_s:.1f} s. {end}"
    rehearsal = {"copy": copy.description, "kept": kept, "duration_s": round(duration_s, 3)}
    return Result(
        {**result.document, "database": masked(url), "rehearsal": rehearsal},
        f"{result.text}\n{text}",
    )


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
