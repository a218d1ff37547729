"""`flask neon reset`: a branch begins anew, where its parent is now."""

from typing import TYPE_CHECKING

import click

from plain_commands.command import Result, command
from plain_commands.confirmation import YES, confirm
from plain_commands.errors import ConflictError
from serverless_postgres.neon_commands.session import Session, begin
from serverless_postgres.neon_names import flask_neon, refuse_unusable

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Branch


@command(
    click.argument("name"),
    click.option("--preserve-as", metavar="NAME", help="Keep what it holds now, as this branch."),
    YES,
)
def reset(name: str, preserve_as: str | None, *, yes: bool) -> Result:
    """Give the branch NAME the present schema and data of its parent.

    What was written to it is gone, unless --preserve-as keeps it. Its URLs stay the same. The
    default branch and protected ones are refused.

    Example: flask neon reset staging --yes
    """
    if preserve_as is not None:
        refuse_unusable(preserve_as)
    session = begin()
    branch = session.branches.find(name)
    session.refuse_precious(branch, "reset")
    parent = _parent(session, branch)
    _refuse_loss(session, branch, parent, preserve_as)
    loss = f"stays in branch {preserve_as}" if preserve_as else "is lost"
    what = f"Branch {branch.label} gets the state of {parent.name}; what it holds now {loss}."
    if branch.expires_at:
        what += " Its lifetime starts over."
    caution = _caution(session, branch, parent)
    if yes and caution:
        click.echo(caution, err=True)
    confirm(f"{what} {caution}".rstrip(), yes=yes)
    interrupted = (
        f"Neon may still be resetting {branch.name}: `flask neon branches` shows its state."
    )
    again = "the same command tries again"
    if preserve_as:
        again += f", with another name than {preserve_as} if that is there"
    unfinished = f"`flask neon branches` shows the state of {branch.name}; {again}."
    with session.working(f"Resetting branch {branch.name} on Neon", interrupted, unfinished):
        session.project.restore_branch(branch, parent, preserve_as=preserve_as)
    document = {"branch": branch.as_json(), "parent": parent.name, "preserved_as": preserve_as}
    said = f"Branch {branch.label} is what {parent.name} is."
    if branch.expires_at:
        said += " Its lifetime has started over; `flask neon branches` shows when it ends."
    if preserve_as:
        said += (
            f" Before, it was {preserve_as}, which is its parent now: the next "
            f"`{flask_neon('reset', branch.word)}` gives that state back."
        )
    return Result(document | {"warning": caution or None}, said)


def _parent(session: Session, branch: "Branch") -> "Branch":
    """Find a branch's parent; raises ConflictError for one that Neon does not reset."""
    if reason := branch.restricted.get("restore"):
        message = f"Neon does not reset branch {branch.name} now: {reason.rstrip('.')}."
        raise ConflictError(message)
    parent = session.branches.parent_of(branch)
    if parent is None:
        message = (
            f"Branch {branch.name} has no parent whose state it could take: "
            f"`{flask_neon('restore', branch.word, 'BRANCH')}` gives it the state of another one, "
            f"`{flask_neon('restore', branch.word, '--at', 'TIME')}` its own of before."
        )
        raise ConflictError(message)
    return parent


def _refuse_loss(
    session: Session, branch: "Branch", parent: "Branch", preserve_as: str | None
) -> None:
    from serverless_postgres.neon.branches import names  # noqa: PLC0415  heavy

    if preserve_as:
        session.refuse_taken(preserve_as)
        session.refuse_beyond_plan(branch, parent)
    elif children := session.branches.children_of(branch):
        message = (
            f"Branches were made from {branch.name} ({names(children)}), which need its state: "
            "--preserve-as NAME keeps it."
        )
        raise ConflictError(message)


def _caution(session: Session, branch: "Branch", parent: "Branch") -> str:
    """Warn of a reset that undoes a restore, or a reset, with the way to what was meant."""
    from serverless_postgres.neon_commands.restore_plan import UNSETTLED  # noqa: PLC0415  heavy

    if parent.is_default or not parent.is_backup_for(branch):
        return ""
    default = next((item.word for item in session.branches if item.is_default), "BRANCH")
    create = flask_neon("create", "NAME", "--parent", default)
    return (
        f"{parent.name} holds what was there before a restore or a reset: this brings that back. "
        f"`{create}` makes a new branch with the present state of {default}, "
        f"`{flask_neon('restore', branch.word, default)}` gives {branch.name} that. {UNSETTLED}"
    )
