"""The revisions as Alembic reads them, for programs."""

from typing import Any

from alembic.config import Config
from alembic.script import Script, ScriptDirectory


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


def history(config: Config, rev_range: str | None = None) -> list[dict[str, Any]]:
    """List the revisions of a range (`from:to`, all by default), the newest first."""
    start, _, end = (rev_range or "").partition(":")
    directory = ScriptDirectory.from_config(config)
    walked = directory.walk_revisions(base=start or "base", head=end or "heads")
    return [describe(script) for script in walked]


def heads(config: Config) -> list[dict[str, Any]]:
    """List the newest revisions."""
    directory = ScriptDirectory.from_config(config)
    return [describe(script) for script in directory.get_revisions("heads") if script]


def branches(config: Config) -> list[dict[str, Any]]:
    """List the revisions that several others follow."""
    return [item for item in history(config) if item["is_branch_point"]]


def show(config: Config, revision: str) -> list[dict[str, Any]]:
    """List one revision, or the several that a name like `heads` means."""
    directory = ScriptDirectory.from_config(config)
    return [describe(script) for script in directory.get_revisions(revision) if script]
