"""`flask db backfill`: data changes in batches, which can be interrupted at any time."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from plain_commands.errors import ConfigurationError
from safe_migrations.commands.command import Result, command
from safe_migrations.errors import ExitCode
from safe_migrations.project import Project
from safe_migrations.settings import SchemaSettings

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy.
    from sqlalchemy import URL, Engine

    from safe_migrations.backfill.known import State
    from safe_migrations.backfill.position import Position
    from safe_migrations.backfill.runner import Progress

LINE_EVERY_S = 5


@click.group()
def backfill() -> None:
    """Change data in small batches, resumable after any interruption.

    A backfill is a constant in a revision file; `flask db upgrade` runs it, too. On a big table,
    run it here ahead of the upgrade, slowly, while the application works.

    Example: flask db backfill run users_locale --pause 0.5
    """


_name = click.argument("name")
_pace = (
    click.option(
        "--batch-rows",
        type=click.IntRange(min=1),
        default=10_000,
        show_default=True,
        help="Rows of the first batch; later ones adapt to --target.",
    ),
    click.option(
        "--target",
        "target_s",
        type=click.FloatRange(min=0, min_open=True),
        default=0.5,
        show_default=True,
        help="How long a batch should take, in seconds.",
    ),
    click.option(
        "--pause",
        "pause_s",
        type=click.FloatRange(min=0),
        default=0.1,
        show_default=True,
        help="Pause between batches, in seconds.",
    ),
    click.option(
        "--lock-timeout",
        "lock_timeout_s",
        type=click.FloatRange(min=0.001),
        default=2.0,
        show_default=True,
        help="How long a batch waits for a lock, in seconds.",
    ),
)


@command(
    _name,
    *_pace,
    click.option("--restart", is_flag=True, help="Forget the position, and do all rows again."),
    group=backfill,
)
def run(name: str, project: Project, x: tuple[str, ...], *, restart: bool, **pace: float) -> Result:
    """Run a backfill, or go on with it where it was interrupted.

    Example: flask db backfill run users_locale --pause 0.5
    """
    return _run(name, project, x, pace, restart=restart)


@command(_name, *_pace, group=backfill)
def resume(name: str, project: Project, x: tuple[str, ...], **pace: float) -> Result:
    """Go on with a backfill that was interrupted; an error if there is none to go on with.

    Example: flask db backfill resume users_locale
    """
    from safe_migrations.backfill import known  # noqa: PLC0415

    [state] = _states(name, project, x)
    if state.position is None or state.position.finished_at:
        message = f"Backfill {name} is {state.state}: there is nothing to resume."
        if state.state == known.NOT_STARTED:
            message += f" `flask db backfill run {name}` begins it."
        raise ConfigurationError(message)
    return _run(name, project, x, pace, restart=False)


@command(click.argument("name", required=False), group=backfill)
def status(name: str | None, project: Project, x: tuple[str, ...]) -> Result:
    """Show how far the backfills are: all, or one.

    Example: flask db backfill status
    """
    found = _states(name, project, x)
    text = "\n".join(map(_line, found)) or "No revision defines a backfill."
    return Result([state.as_json() for state in found], text)


def _run(
    name: str, project: Project, x: tuple[str, ...], pace: dict[str, Any], *, restart: bool
) -> Result:
    from safe_migrations.backfill.known import find, is_applied  # noqa: PLC0415
    from safe_migrations.backfill.runner import Pace, Runner  # noqa: PLC0415
    from safe_migrations.target import opened, target  # noqa: PLC0415

    settings = project.settings
    place = target(settings, x)
    known = find(name, project)
    with opened(place, settings) as connection:
        applied = is_applied(connection, known.revision, project)
    began = time.monotonic()
    with (
        _stopping() as stop,
        _progress() as progress,
        Runner(
            _engine(place.url, settings),
            known.backfill,
            Pace(**pace),
            settings.mark,
            stop=stop,
            progress=progress,
        ) as runner,
    ):
        # What was filled before the revision was taken back wants filling once more.
        done = runner.run(anew=lambda before: restart or bool(before.applied_at and not applied))
    took_s = time.monotonic() - began
    document = {
        "name": name,
        "state": "finished" if done.finished_at else "interrupted",
        "fraction": round(done.fraction, 4),
        "rows_seen": done.rows_seen,
        "rows_done": done.rows_done,
        "took_s": round(took_s, 3),
    }
    if done.finished_at:
        text = f"Backfill {name} is finished: {done.rows_done:,} of {done.rows_seen:,} rows changed"
        return Result(document, f"{text}, {took_s:.1f} s in this run.")
    text = (
        f"Backfill {name} is interrupted at {done.fraction:.1%}; what is done is kept. "
        f"`flask db backfill resume {name}` goes on from there."
    )
    return Result(document, text, ExitCode.ERROR)


def _states(name: str | None, project: Project, x: tuple[str, ...]) -> "list[State]":
    from safe_migrations.backfill import known  # noqa: PLC0415
    from safe_migrations.target import opened, target  # noqa: PLC0415

    settings = project.settings
    wanted = {name: known.find(name, project)} if name else known.known_backfills(project)
    with opened(target(settings, x), settings) as connection:
        found = known.states(connection, wanted)
    return [state for state in found if not name or state.name == name]


def _engine(url: "URL", settings: SchemaSettings) -> "Engine":
    """Make an engine whose connections notice a network that falls silent."""
    from sqlalchemy import create_engine, pool  # noqa: PLC0415

    return create_engine(
        url,
        poolclass=pool.NullPool,
        connect_args={
            "connect_timeout": settings.connect_timeout_s,
            "application_name": f"{settings.application} backfill",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )


@contextmanager
def _stopping() -> Iterator[Event]:
    """Let Ctrl-C and SIGTERM ask for an end after the batch at hand; a second one insists."""
    stop = Event()

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """Show on a terminal how far the work is; elsewhere, write a line every few seconds."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Backfill")

        def progress(position: "Position") -> None:
            description = f"{position.rows_done:,} rows changed"
            total = max(position.rows_expected, position.rows_seen, 1)
            bar.update(task, description=description, completed=position.rows_seen, total=total)

        yield progress


def _lines() -> "Callable[[Position], None]":
    from safe_migrations.backfill.migration import line  # noqa: PLC0415

    due = time.monotonic() + LINE_EVERY_S

    def progress(position: "Position") -> None:
        nonlocal due
        if time.monotonic() > due:
            click.echo(line(position), err=True)
            due = time.monotonic() + LINE_EVERY_S

    return progress


def _line(state: "State") -> str:
    now = state.position
    where = f"revision {state.known.revision}" if state.known else "no revision defines it any more"
    if now is None:
        return f"{state.name}: {state.state} ({where})"
    rate = f", {now.rows_per_s:,.0f} rows/s" if now.rows_per_s else ""
    return (
        f"{state.name}: {state.state}, {now.fraction:.1%}, {now.rows_seen:,} rows visited, "
        f"{now.rows_done:,} changed{rate}, since {now.started_at:%Y-%m-%d %H:%M:%S %Z} ({where})"
    )
