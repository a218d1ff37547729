"""`flask neon restore`: a branch goes back to what it was."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from plain_commands.command import Result, command
from plain_commands.confirmation import YES, confirm
from plain_commands.errors import ConflictError, InvalidInputError, PlainError
from serverless_postgres.neon_commands.connection import copy_of
from serverless_postgres.neon_commands.session import Session, at, begin, read_moment
from serverless_postgres.neon_names import LONGEST, flask_neon, refuse_unusable

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Branch, Branches, Moment
    from serverless_postgres.neon_commands.restore_outcome import Outcome
    from serverless_postgres.neon_commands.restore_plan import Plan, Way


@command(
    click.argument("branch"),
    click.argument("source", required=False),
    at(help_text="Its state at that moment: a time with its time zone, or an LSN."),
    click.option(
        "--preserve-as", metavar="NAME", help="What the state before is called afterwards."
    ),
    click.option("--no-backup", is_flag=True, help="Don't keep the state before."),
    YES,
)
def restore(
    branch: str,
    source: str | None,
    at: str | None,
    preserve_as: str | None,
    *,
    no_backup: bool,
    yes: bool,
) -> Result:
    """Give BRANCH the state of the branch SOURCE, or its own of a moment in its history.

    SOURCE is a restore point, say; with --at, it is its state of then, and both must be root
    branches, which have no parent. Unless --no-backup is given, nothing is lost: the state before
    stays as a branch of its own, from which `flask neon restore` brings it back; branches made from
    BRANCH are made from that one then. URLs stay the same, connections are cut once.

    Example: flask neon restore production before-1.4
    """
    if preserve_as and no_backup:
        message = "--preserve-as keeps the state before, --no-backup does not: choose one."
        raise click.UsageError(message)
    if preserve_as is not None:
        refuse_unusable(preserve_as)
    moment = read_moment(at)
    if source is None and not moment:
        message = "Restore to what? Name a branch (a restore point), or a moment with --at."
        raise InvalidInputError(message)
    session = begin()
    target = session.branches.find(branch)
    origin = target if source is None else session.branches.find(source)
    if origin == target and not moment:
        message = f"{target.name} can't be restored from its present state: say when with --at."
        raise InvalidInputError(message)
    since = f"-before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    usual = target.name[: LONGEST - len(since)].strip("- ") + since
    kept = None if no_backup else preserve_as or usual
    with _or_without_backup(session, target, origin, moment):
        plan = _plan(session, target, origin, moment, kept)
        if yes and plan.doubt:
            click.echo(plan.doubt, err=True)
        confirm(plan.question(), yes=yes)
        outcome = _carry_out(session, plan)
    back = [f"Back: {outcome.back}"] if outcome.back else []
    return Result(outcome.as_json(), "\n".join(outcome.sentences() + back))


@contextmanager
def _or_without_backup(
    session: Session, target: "Branch", origin: "Branch", moment: "Moment | None"
) -> Iterator[None]:
    """Say of a plan without room for a backup that it can be done without, if it can."""
    from serverless_postgres.neon import LimitReachedError  # noqa: PLC0415  heavy
    from serverless_postgres.neon_commands.restore_plan import refuse  # noqa: PLC0415  heavy

    try:
        yield
    except LimitReachedError as error:
        with suppress(ConflictError):
            refuse(session.branches, target, origin, moment, keeps=False)
            error.detail += (
                f" Or --no-backup, which makes no branch: what {target.name} holds now is lost."
            )
        raise


def _plan(
    session: Session,
    target: "Branch",
    origin: "Branch",
    moment: "Moment | None",
    kept: str | None,
) -> "Plan":
    from serverless_postgres.neon_commands.restore_plan import (  # noqa: PLC0415  heavy
        Plan,
        Way,
        head_of,
        past_of,
        refuse,
    )

    refuse(session.branches, target, origin, moment, keeps=kept is not None)
    if kept:
        session.refuse_taken(kept)
        session.refuse_beyond_plan(target, origin)
    if moment:
        ways: tuple[Way, ...] = (Way(origin, moment),)
    else:
        past = past_of(session.branches, target, origin)
        with session.working("Asking Neon for the computes"):
            is_untouched = past and not session.project.has_compute(origin.id)
        head = head_of(target, origin)
        ways = (past, head) if past and is_untouched else (head,)
    return Plan(target, origin, moment, kept, session.branches.children_of(target), ways)


def _carry_out(session: Session, plan: "Plan") -> "Outcome":
    from serverless_postgres.neon import RefusedError  # noqa: PLC0415  heavy
    from serverless_postgres.neon_commands.restore_outcome import Outcome  # noqa: PLC0415  heavy

    name, refusals = plan.target.name, list[str]()
    tells = f"Neon may still be restoring {name}: `flask neon branches` shows its state"
    tells += f"; once it lists {plan.kept}, that holds what {name} held." if plan.kept else "."
    with session.working(f"Restoring branch {name} on Neon", tells, _after_failure(plan)):
        for way in plan.ways:
            try:
                ends = _restore(session, plan, way)
            except RefusedError as error:
                refusals.append(error.detail)
            else:
                return Outcome(
                    plan, way, tuple(refusals), _branches(session), no_longer_expires=ends
                )
    said = f" From {plan.origin.name} itself: ".join(refusals)
    message = f"{said} Branch {name} is as it was."
    raise RefusedError(" ".join([message, *_ways_out(session, plan)]))


def _after_failure(plan: "Plan") -> str:
    said = f"`flask neon branches` shows the state of {plan.target.name}"
    if plan.kept:
        back = flask_neon("restore", plan.target.word, plan.kept)
        said += f", and whether {plan.kept} is there: then `{back}` goes back to what it was"
    again = ", with another name to preserve it as" if plan.kept else ""
    return f"{said}; the same command tries again{again}."


def _restore(session: Session, plan: "Plan", way: "Way") -> bool:
    """Go one way; tells whether its source no longer expires, if Neon wants that."""
    from serverless_postgres.neon import RefusedError  # noqa: PLC0415  heavy
    from serverless_postgres.neon.moments import minute  # noqa: PLC0415  heavy

    project, source = session.project, way.source
    try:
        project.restore_branch(plan.target, source, at=way.at, preserve_as=plan.kept)
    except RefusedError as error:
        if not (source.expires_at and "expir" in error.detail):
            raise
    else:
        return False
    project.keep_branch(source)
    try:
        project.restore_branch(plan.target, source, at=way.at, preserve_as=plan.kept)
    except PlainError:
        was = minute(source.expires_at)
        click.echo(f"{source.name} no longer expires; it did at {was}.", err=True)
        raise
    return True


def _branches(session: Session) -> "Branches | None":
    """List the branches as they are now; what is done is done, even if they can't be listed."""
    try:
        return session.project.all_branches()
    except PlainError:
        return None


def _ways_out(session: Session, plan: "Plan") -> list[str]:
    said = []
    if plan.target.is_protected:
        said.append(
            f"{plan.target.name} is protected: if that is why, Neon's console unprotects it "
            "(Branches, the branch)."
        )
    if len(plan.ways) > 1:
        said.append(
            f"To copy rows from {plan.origin.name} by hand: `neon branches add-compute "
            f"{plan.origin.id} --type read_write` (Neon's own CLI) gives it a compute, "
            f"`{flask_neon('url', plan.origin.word)}` the URL."
        )
    elif not plan.ways[0].is_settled:
        said.append(f"{copy_of(session, plan.origin)}.")
    return said
