"""`flask neon delete`: a branch that nobody needs any more."""

import click

from service.cli.command import Result, command
from service.cli.confirmation import YES, confirm
from service.cli.neon.session import begin
from service.errors import ConflictError


@command(click.argument("name"), YES)
def delete(name: str, *, yes: bool) -> Result:
    """Delete the branch NAME, with its data and its computes.

    The default branch and protected ones are refused, and one that others were made from.

    Example: flask neon delete staging --yes
    """
    from service.db.neon.branches import names  # noqa: PLC0415  heavy

    session = begin()
    branch = session.branches.find(name)
    session.refuse_precious(branch, "deleted")
    if children := session.branches.children_of(branch):
        message = (
            f"Branch {branch.name} can't be deleted while branches made from it are there: "
            f"{names(children)}."
        )
        raise ConflictError(message)
    confirm(f"Branch {branch.label} will be deleted, with all that is in it.", yes=yes)
    interrupted = f"Neon may be deleting {branch.name} all the same: `flask neon branches` tells."
    with session.working(f"Deleting branch {branch.name} on Neon", interrupted):
        session.project.delete_branch(branch.id)
    return Result({"deleted": branch.as_json()}, f"Branch {branch.label} is deleted.")
