"""`flask neon delete`: a branch that nobody needs any more."""

from typing import TYPE_CHECKING

import click

from service.cli.command import Result, command
from service.cli.confirmation import YES, confirm
from service.cli.neon.session import Session, begin
from service.errors import ConfigurationError, ConflictError, ServiceError

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from service.db.neon import Branch, Deletion


@command(
    click.argument("name"),
    click.option("--for-good", is_flag=True, help="Neon keeps nothing, and frees its name."),
    YES,
)
def delete(name: str, *, for_good: bool, yes: bool) -> Result:
    """Delete the branch NAME, with its data and its computes.

    Neon may keep it for up to 7 days, recoverable on its console and with its name, unless it is
    deleted --for-good. The default branch and protected ones are refused, and one that others were
    made from.

    Example: flask neon delete staging --yes
    """
    session = begin()
    branch = session.branches.find(name)
    session.refuse_precious(branch, "deleted")
    _refuse_parent(session, branch)
    loss = "for good: nobody can bring it back" if for_good else "with all that is in it"
    confirm(f"Branch {branch.label} will be deleted, {loss}.", yes=yes)
    done = _delete(session, branch, for_good=for_good)
    until, said = _kept(session, branch) if done.was_there and not done.is_for_good else (None, "")
    if not done.was_there:
        said = f"Branch {branch.label} is gone already."
    elif done.is_for_good:
        said = f"Branch {branch.label} is deleted for good."
    else:
        refused = ", but not for good, which Neon refuses here" if for_good else ""
        said = f"Branch {branch.label} is deleted{refused}.{said}"
    document = {
        "deleted": branch.as_json(),
        "was_there": done.was_there,
        "for_good": done.is_for_good,
        "kept_until": until,
    }
    return Result(document, said)


def _delete(session: Session, branch: "Branch", *, for_good: bool) -> "Deletion":
    interrupted = f"Neon may be deleting {branch.name} all the same: `flask neon branches` tells."
    unfinished = "`flask neon branches` tells whether it is there; the same command tries again."
    with session.working(f"Deleting branch {branch.name} on Neon", interrupted, unfinished):
        try:
            return session.project.delete_branch(branch.id, for_good=for_good)
        except ConfigurationError as error:
            if branch.parent_id is None:
                error.detail += (
                    " The root branch that a restore from another branch has left behind can't be "
                    "deleted: what is dropped in it, such as its tables, takes no room any more."
                )
            raise


def _refuse_parent(session: Session, branch: "Branch") -> None:
    """Raise ConflictError for a branch that others were made from."""
    from service.db.neon.branches import names  # noqa: PLC0415  heavy

    if children := session.branches.children_of(branch):
        message = (
            f"Branch {branch.name} can't be deleted while branches made from it are there: "
            f"{names(children)}. They go first, as by `flask neon delete {children[0].name}`."
        )
        raise ConflictError(message)


def _kept(session: Session, branch: "Branch") -> tuple[str | None, str]:
    """Look until when Neon keeps a deleted branch; returns that, and a sentence that says so."""
    from service.db.neon import LONGEST_KEPT_DAYS  # noqa: PLC0415  heavy

    try:
        with session.working("Asking Neon whether it keeps the branch"):
            kept = session.project.kept(branch.id)
    except ServiceError:
        # That it isn't told is no reason to call the deletion a failure.
        return None, f" Neon may keep it, with its name, for up to {LONGEST_KEPT_DAYS} days."
    if kept is None:
        return None, ""
    return kept.until, (
        f" Neon keeps it, and its name, until {kept.minute}: its console can recover it."
    )
