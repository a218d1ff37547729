"""`flask neon reset`: a branch begins anew, where its parent is now."""

import click

from service.cli.command import Result, command
from service.cli.confirmation import YES, confirm
from service.cli.neon.session import begin
from service.errors import ConflictError


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
    from service.db.neon.branches import names  # noqa: PLC0415  heavy

    session = begin()
    branch = session.branches.find(name)
    session.refuse_precious(branch, "reset")
    parent = session.branches.parent_of(branch)
    if parent is None:
        message = f"Branch {branch.name} has no parent whose state it could take."
        raise ConflictError(message)
    if preserve_as:
        session.refuse_taken(preserve_as)
    elif children := session.branches.children_of(branch):
        message = (
            f"Branches were made from {branch.name} ({names(children)}), which need its state: "
            "--preserve-as NAME keeps it."
        )
        raise ConflictError(message)
    loss = f"stays in branch {preserve_as}" if preserve_as else "is lost"
    what = f"Branch {branch.label} gets the state of {parent.name}; what it holds now {loss}."
    confirm(what, yes=yes)
    interrupted = f"Neon may be resetting {branch.name} all the same: `flask neon branches` tells."
    again = "the same command tries again"
    if preserve_as:
        again += f", with another name than {preserve_as} if that is there"
    unfinished = f"`flask neon branches` tells the state of {branch.name}; {again}."
    with session.working(f"Resetting branch {branch.name} on Neon", interrupted, unfinished):
        session.project.restore_branch(branch, parent, preserve_as=preserve_as)
    document = {"branch": branch.as_json(), "parent": parent.name, "preserved_as": preserve_as}
    said = f"Branch {branch.label} is what {parent.name} is."
    return Result(document, said + (f" Before, it was {preserve_as}." if preserve_as else ""))
