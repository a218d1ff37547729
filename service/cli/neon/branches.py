"""`flask neon branches`: what there is."""

from typing import TYPE_CHECKING

from service.cli.command import Result, command
from service.cli.neon.session import Session, begin
from service.cli.table import table

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from service.db.neon import Branch

_HEADINGS = ("name", "id", "parent", "kind", "state", "size", "created", "expires")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1024


@command()
def branches() -> Result:
    """List the branches of the project, the default one first.

    The size is that of the data, as if a branch shared nothing; it is not known at once.

    Example: flask neon branches
    """
    session = begin()
    found = sorted(session.branches, key=lambda item: (not item.is_default, item.name))
    document = [item.as_json() | {"parent": session.parent_name(item) or None} for item in found]
    return Result(document, table(_HEADINGS, (_row(session, item) for item in found), right="size"))


def _row(session: Session, branch: "Branch") -> tuple[str, ...]:
    kinds = {"default": branch.is_default, "protected": branch.is_protected}
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


def minute(timestamp: str | None) -> str:
    """Write a timestamp of the API to the minute, in UTC as it comes."""
    return f"{timestamp[:16].replace('T', ' ')} UTC" if timestamp else ""


def _size(count: int | None) -> str:
    if count is None:
        return "-"
    size = float(count)
    for unit in _UNITS[:-1]:
        if size < _STEP:
            return f"{size:.0f} {unit}"
        size /= _STEP
    return f"{size:.1f} {_UNITS[-1]}"
