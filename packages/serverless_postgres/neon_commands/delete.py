"""`flask neon delete`: a branch that nobody needs any more."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from plain_commands.command import Result, command
from plain_commands.confirmation import YES, confirm
from plain_commands.errors import ConflictError, PlainError
from serverless_postgres.neon_commands.session import Session, begin
from serverless_postgres.neon_names import flask_neon

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Branch, Deletion


@command(
    click.argument("name"),
    click.option("--for-good", is_flag=True, help="Neon keeps nothing, and frees its name."),
    YES,
)
def delete(name: str, *, for_good: bool, yes: bool) -> Result:
    """Delete the branch NAME, with its data and its computes.

    Where Neon keeps deleted branches, with their names, for up to 7 days, --for-good leaves none.
    The default branch and protected ones are refused, and one that others were made from.

    Example: flask neon delete staging --yes
    """
    session = begin()
    branch = session.branches.get(name)
    if branch is None:
        return _gone(session, name, for_good=for_good)
    session.refuse_precious(branch, "deleted")
    _refuse_parent(session, branch)
    loss = "for good: nobody can bring it back" if for_good else "with all that is in it"
    confirm(f"Branch {branch.label} will be deleted, {loss}.", yes=yes)
    done = _delete(session, branch, for_good=for_good)
    until, kept = None, ""
    if done.was_there and not done.is_for_good:
        with session.working("Asking Neon whether it keeps the branch"):
            until, kept = session.project.deletions.lingering(branch.id)
    said = f"Branch {branch.label} is deleted"
    if not done.was_there:
        said = f"Branch {branch.label} is gone already"
    elif done.is_for_good:
        said += " for good"
    elif for_good and kept:
        said += ", but not for good, which Neon refuses here"
    return Result(_document(branch, done, until), f"{said}. {kept}".rstrip())


def _delete(session: Session, branch: "Branch", *, for_good: bool) -> "Deletion":
    from serverless_postgres.neon import RefusedError  # noqa: PLC0415  heavy

    interrupted = f"Neon may still be deleting {branch.name}: `flask neon branches` shows it."
    unfinished = "`flask neon branches` shows whether it is there; the same command tries again."
    with session.working(f"Deleting branch {branch.name} on Neon", interrupted, unfinished):
        try:
            return session.project.delete_branch(branch.id, for_good=for_good)
        except RefusedError as error:
            if branch.is_root:
                error.detail += (
                    f" If {branch.name} is what a restore from another branch has left, it can't "
                    "be deleted: give it a compute on Neon's console and drop its tables, which "
                    "then take no room."
                )
            raise


def _gone(session: Session, name: str, *, for_good: bool) -> Result:
    """Tell what is known of a branch that is not there; raises NotFoundError if it is nothing."""
    from serverless_postgres.neon import Deletion  # noqa: PLC0415  heavy

    kept = None
    with suppress(PlainError), session.working("Asking Neon for deleted branches"):
        kept = session.project.deletions.kept(name)
    if kept is None:
        raise session.branches.unknown(name)
    said = f"Branch {kept.label} is deleted already. {session.project.deletions.fate(kept)}"
    if for_good:
        message = f"{said}; only then can it be deleted for good."
        raise ConflictError(message)
    done = Deletion(was_there=False, is_for_good=False)
    return Result(_document(kept, done, kept.recoverable_until), f"{said}.")


def _document(branch: "Branch", done: "Deletion", kept_until: str | None) -> dict[str, Any]:
    return {
        "deleted": branch.as_json(),
        "was_there": done.was_there,
        "for_good": done.is_for_good,
        "kept_until": kept_until,
    }


def _refuse_parent(session: Session, branch: "Branch") -> None:
    """Raise ConflictError for a branch that others were made from."""
    from serverless_postgres.neon.branches import names  # noqa: PLC0415  heavy

    if children := session.branches.children_of(branch):
        message = (
            f"Branch {branch.name} can't be deleted while branches made from it are there: "
            f"{names(children)}. They go first: `{flask_neon('delete', children[0].word)}`."
        )
        raise ConflictError(message)
