"""`flask neon branches`: what there is."""

from typing import TYPE_CHECKING

import click

from plain_commands.command import Result, command
from plain_commands.table import table
from serverless_postgres.neon_commands.session import Session, begin

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Branch

_HEADINGS = ("name", "id", "parent", "kind", "state", "size", "created", "expires")
_HEADINGS_OF_DELETED = ("name", "id", "parent", "deleted", "recoverable until")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1024


@command(
    click.option("--deleted", is_flag=True, help="Those that were deleted and can be brought back.")
)
def branches(*, deleted: bool) -> Result:
    """List the branches of the project, the default one first.

    The kind is `default`, `protected`, or `root` for one without a parent, to which alone Neon
    gives back its own state of a moment. The size is that of the data, as if a branch shared
    nothing; it is not known at once. What Neon does not do with a branch now is `restricted`.

    Example: flask neon branches
    """
    session = begin()
    if deleted:
        return _deleted(session)
    found = sorted(session.branches, key=lambda item: (not item.is_default, item.name))
    document = [item.as_json() | {"parent": session.parent_name(item) or None} for item in found]
    restricted = [_restricted(item) for item in found]
    if not any(restricted):
        rows = [_row(session, item) for item in found]
        return Result(document, table(_HEADINGS, rows, right="size"))
    rows = [
        (*_row(session, item), reasons or "-")
        for item, reasons in zip(found, restricted, strict=True)
    ]
    return Result(document, table((*_HEADINGS, "restricted"), rows, right="size"))


def _deleted(session: Session) -> Result:
    from serverless_postgres.neon.moments import minute  # noqa: PLC0415  heavy

    with session.working("Listing the deleted branches on Neon"):
        found = session.project.all_branches(deleted=True)
    document = [item.as_json() | {"parent": session.parent_name(item) or None} for item in found]
    if not found:
        said = (
            "No deleted branch can be brought back: there is none, or Neon does not keep them for "
            "this project (it is a preview, not there for everybody)."
        )
        return Result(document, said)
    rows = [
        (
            item.name,
            item.id,
            session.parent_name(item) or "-",
            minute(item.deleted_at),
            minute(item.recoverable_until),
        )
        for item in found
    ]
    recovery = session.project.deletions.recovery("ID")
    said = f"Until then the name is taken, and Neon's own CLI brings it back: {recovery}"
    return Result(document, table(_HEADINGS_OF_DELETED, rows) + "\n" + said)


def _row(session: Session, branch: "Branch") -> tuple[str, ...]:
    from serverless_postgres.neon.moments import minute  # noqa: PLC0415  heavy

    kinds = {
        "default": branch.is_default,
        "protected": branch.is_protected,
        "root": branch.is_root,
    }
    return (
        branch.name,
        branch.id,
        session.parent_name(branch) or "-",
        ", ".join(name for name, holds in kinds.items() if holds) or "-",
        branch.state or "-",
        _size(branch.logical_bytes),
        minute(branch.created_at) or "-",
        minute(branch.expires_at) or "-",
    )


def _restricted(branch: "Branch") -> str:
    return "; ".join(f"{action}: {reason}" for action, reason in branch.restricted.items())


def _size(count: int | None) -> str:
    if count is None:
        return "-"
    size = float(count)
    for unit in _UNITS[:-1]:
        if size < _STEP:
            return f"{size:.0f} {unit}"
        size /= _STEP
    return f"{size:.1f} {_UNITS[-1]}"
