"""`flask workflows reap`: closes the workflows that nobody goes on with."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from plain_commands.command import Result, command
from plain_commands.durations import in_words, read_duration
from plain_commands.errors import InvalidInputError
from service.cli.work import working
from service.settings import MOST_MINUTES, Settings

if TYPE_CHECKING:  # At run time, `flask workflows --help` should not wait for them.
    from service.domain.reaping import Patience


@command(
    click.option(
        "--silent-for", metavar="60m", help="Running without a sign of life; else as set."
    ),
    click.option("--waiting-for", metavar="7d", help="Waiting for an answer; else as set."),
    click.option("--dry-run", is_flag=True, help="Say what would be closed, and change nothing."),
    doing="Looking for workflows that nobody goes on with",
)
def reap(silent_for: str | None, waiting_for: str | None, *, dry_run: bool) -> Result:
    """Close workflows whose agent is silent, or whose person does not answer.

    They become failed, with the reason in error_type (AgentSilent, PersonSilent) and error_message;
    their open nodes are cancelled. A sign of life is a heartbeat, or anything that is recorded. How
    long is REAP_SILENT_MINUTES and REAP_WAITING_HOURS. Several may do so at once.

    Example: flask workflows reap --silent-for 90m --dry-run
    """
    from service.domain.reaping import Patience, left  # noqa: PLC0415  heavy
    from service.domain.reaping import reap as close  # noqa: PLC0415

    settings = Settings.load()
    patience = Patience(
        _read(silent_for) or timedelta(minutes=settings.reap_silent_minutes),
        _read(waiting_for) or timedelta(hours=settings.reap_waiting_hours),
    )
    with working(settings) as work:
        batches = [left(work, patience)] if dry_run else close(work, patience)
        found = [each for batch in batches for each in batch]
    return _result(found, patience, is_dry=dry_run)


def _read(text: str | None) -> timedelta | None:
    if text is None:
        return None
    duration = read_duration(text)
    if duration > timedelta(minutes=MOST_MINUTES):
        message = f"{text} is longer than ten years: nothing is as old as that."
        raise InvalidInputError(message)
    return duration


def _result(found: "list[tuple[str, str]]", patience: "Patience", *, is_dry: bool) -> Result:
    from service.domain.reaping import SILENT, UNANSWERED  # noqa: PLC0415

    counts = Counter(why for _, why in found)
    document = {
        "closed": 0 if is_dry else len(found),
        "found": len(found),
        "silent": counts[SILENT],
        "unanswered": counts[UNANSWERED],
        "dry_run": is_dry,
        "workflows": [{"id": key, "error_type": why} for key, why in found],
    }
    if not found:
        return Result(document, "No workflow is to be closed.")
    noun = "workflow" if len(found) == 1 else "workflows"
    verb = "would be" if is_dry else "was" if len(found) == 1 else "were"
    return Result(
        document,
        f"{len(found):,} {noun} {verb} closed: {counts[SILENT]:,} whose agent gave no sign of life "
        f"for {in_words(patience.silent)}, {counts[UNANSWERED]:,} whose person did not answer for "
        f"{in_words(patience.waiting)}.",
    )
