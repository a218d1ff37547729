"""`flask neon restore`: a branch goes back to what it was."""

from datetime import UTC, datetime

import click

from service.cli.command import Result, command
from service.cli.confirmation import YES, confirm
from service.cli.neon.session import at, begin, read_moment
from service.errors import InvalidInputError, ServiceError


@command(
    click.argument("branch"),
    click.argument("source", required=False),
    at(help_text="The state of then: a time with its time zone, or an LSN."),
    click.option(
        "--preserve-as", metavar="NAME", help="What the state before is called afterwards."
    ),
    YES,
)
def restore(
    branch: str, source: str | None, at: str | None, preserve_as: str | None, *, yes: bool
) -> Result:
    """Give BRANCH the state of the branch SOURCE, or its own of a moment in its history.

    SOURCE is a restore point, say; with --at, it is its state of then. Nothing is lost: the state
    before stays as a branch of its own, from which `flask neon restore` brings it back. URLs stay
    the same, connections are cut once. SOURCE then no longer expires, and BRANCH is made from it.

    Example: flask neon restore production before-1.4
    """
    moment = read_moment(at)
    if not (source or moment):
        message = "Restore to what? Name a branch (a restore point), or a moment with --at."
        raise InvalidInputError(message)
    session = begin()
    target = session.branches.find(branch)
    origin = session.branches.find(source) if source else target
    if origin == target and not moment:
        message = f"{target.name} is what it is: to take it back in time, say when with --at."
        raise InvalidInputError(message)
    kept = preserve_as or f"{target.name}-before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    session.refuse_taken(kept)
    then = f" as of {moment.text}" if moment else ""
    state = f"its own state{then}" if origin == target else f"the state of {origin.name}{then}"
    what = f"Branch {target.label} gets {state}; what it holds now stays in branch {kept}."
    if ends := origin != target and origin.expires_at:
        what += f" {origin.name} no longer expires, since branches that do can't have others."
    confirm(what, yes=yes)
    interrupted = (
        f"Neon may be restoring {target.name} all the same: `flask neon branches` tells; once it "
        f"lists {kept}, it is done."
    )
    unfinished = (
        f"`flask neon branches` tells the state of {target.name}, and whether {kept} is there: "
        f"then `flask neon restore {target.name} {kept}` goes back to what it was; the same "
        "command tries again, with another name to preserve it as."
    )
    with session.working(f"Restoring branch {target.name} on Neon", interrupted, unfinished):
        if ends:
            session.project.keep_branch(origin)
        try:
            session.project.restore_branch(target, origin, at=moment, preserve_as=kept)
        except ServiceError:
            if ends:
                click.echo(f"{origin.name} no longer expires; it did at {ends}.", err=True)
            raise
    back = f"flask neon restore {target.name} {kept}"
    document = {
        "branch": target.as_json(),
        "source": origin.name,
        "at": moment.text if moment else None,
        "preserved_as": kept,
        "restore": back,
    }
    said = f"Branch {target.label} has {state}; what it held before is branch {kept}.\nBack: {back}"
    return Result(document, said)
