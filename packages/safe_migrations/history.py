"""The revisions as Alembic reads them, for programs."""

from typing import Any

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError


def describe(script: Script) -> dict[str, Any]:
    """Write a revision as an object: its ids, its title, its place in the history, its file."""
    return {
        "revision": script.revision,
        "down_revision": script.down_revision,
        "depends_on": script.dependencies,
        "branch_labels": sorted(script.branch_labels),
        "title": (script.doc or "").rstrip("."),
        "is_head": script.is_head,
        "is_branch_point": script.is_branch_point,
        "is_merge_point": script.is_merge_point,
        "path": script.path,
    }


def history(
    config: Config, rev_range: str | None = None, current: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """List the revisions of a range (`from:to`, all by default), the newest first.

    `current` are those of the database, which a range may name so. Raises CommandError for a range
    that is none.
    """
    start, colon, end = (rev_range or ":").strip().partition(":")
    if not colon:
        message = "A range is from:to, from: or :to"
        raise CommandError(message)
    directory = ScriptDirectory.from_config(config)
    # Several revisions at once are more than its signature says, and what Alembic itself gives it.
    ends: dict[str, Any] = {
        "base": (current if start == "current" else start) or "base",
        "head": (current if end == "current" else end) or "heads",
    }
    walked = directory.walk_revisions(**ends)
    found = [describe(script) for script in walked]
    if current:
        found = [{**item, "is_current": item["revision"] in current} for item in found]
    return found


def heads(config: Config, *, resolve_dependencies: bool = False) -> list[dict[str, Any]]:
    """List the newest revisions, without those that others depend on if that is to be resolved."""
    directory = ScriptDirectory.from_config(config)
    wanted = "heads" if resolve_dependencies else directory.get_heads()
    return [describe(script) for script in directory.get_revisions(wanted) if script]


def branches(config: Config) -> list[dict[str, Any]]:
    """List the revisions that several others follow."""
    return [item for item in history(config) if item["is_branch_point"]]


def show(config: Config, revision: str) -> list[dict[str, Any]]:
    """List one revision, or the several that a name like `heads` means."""
    directory = ScriptDirectory.from_config(config)
    return [describe(script) for script in directory.get_revisions(revision) if script]
