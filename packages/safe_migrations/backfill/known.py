"""The backfills that the revision files define, and the database's word on each."""

from dataclasses import dataclass
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from plain_commands.errors import ConfigurationError, NotFoundError
from safe_migrations.backfill import position as positions
from safe_migrations.backfill.definition import Backfill
from safe_migrations.backfill.position import Position
from safe_migrations.inspection import stored_revisions
from safe_migrations.project import Project
from safe_migrations.revisions import revisions
from safe_migrations.runner import configuration, explained
from safe_migrations.standing import with_ancestors

NOT_STARTED, INTERRUPTED, RUNNING, FINISHED = "not started", "interrupted", "running", "finished"


@dataclass(frozen=True, slots=True)
class Known:
    """A backfill and the revision whose file defines it."""

    backfill: Backfill
    revision: str


@dataclass(frozen=True, slots=True)
class State:
    """How a backfill stands: its definition, its position, or both, and one of the four words.

    Without a definition, the revision that it was for is no longer there.
    """

    name: str
    state: str
    known: Known | None
    position: Position | None

    def as_json(self) -> dict[str, Any]:
        """Write it as plain values."""
        document: dict[str, Any] = {
            "name": self.name,
            "state": self.state,
            "revision": self.known.revision if self.known else None,
            "table": self.known.backfill.table if self.known else None,
        }
        if self.position:
            now = self.position
            document |= {
                "fraction": round(now.fraction, 4),
                "rows_expected": now.rows_expected,
                "rows_seen": now.rows_seen,
                "rows_done": now.rows_done,
                "rows_per_s": now.rows_per_s and round(now.rows_per_s),
                "batches": now.batches,
                "started_at": now.started_at.isoformat(),
                "updated_at": now.updated_at.isoformat(),
                "finished_at": now.finished_at and now.finished_at.isoformat(),
            }
        return document


def known_backfills(project: Project) -> dict[str, Known]:
    """Find the backfills of all revisions, by name, the oldest first.

    Raises ConfigurationError if two have one name.
    """
    with explained(project):
        scripts_of = ScriptDirectory.from_config(configuration(project))
        scripts = list(scripts_of.walk_revisions())
    found: dict[str, Known] = {}
    for script in reversed(scripts):
        for value in vars(script.module).values():
            if not isinstance(value, Backfill):
                continue
            other = found.setdefault(value.name, Known(value, script.revision))
            if other.revision != script.revision:
                message = (
                    f"The revisions {other.revision} and {script.revision} both define a backfill "
                    f"{value.name}: give one of them another name."
                )
                raise ConfigurationError(message)
    return found


def find(name: str, project: Project) -> Known:
    """Find one backfill; raises NotFoundError, which lists those that there are."""
    known = known_backfills(project)
    if name not in known:
        there_are = f"There are: {', '.join(known)}." if known else "There is none at all."
        message = (
            f"No revision defines a backfill {name}. {there_are} A backfill is a constant in a "
            f'revision file: FILL = Backfill("{name}", table=..., set={{...}}).'
        )
        raise NotFoundError(message)
    return known[name]


def is_applied(connection: Connection, revision: str, project: Project) -> bool:
    """Tell whether a revision is applied to the database."""
    files = {item.id: item for item in revisions(project.versions)}
    return revision in with_ancestors(stored_revisions(connection) or (), files)


def states(connection: Connection, known: dict[str, Known]) -> list[State]:
    """Compare definitions and positions; those that only the database has come last."""
    there: dict[str, Position] = {}
    unlocked: set[str] = set()
    if positions.exists(connection):
        there = {item.name: item for item in positions.read_all(connection)}
        unlocked = positions.unlocked_names(connection)
    return [
        State(name, _word(there.get(name), unlocked), known.get(name), there.get(name))
        for name in [*known, *(name for name in there if name not in known)]
    ]


def _word(position: Position | None, unlocked: set[str]) -> str:
    if position is None:
        return NOT_STARTED
    if position.finished_at:
        return FINISHED
    is_due = position.runner and position.due_s is not None and position.due_s > 0
    return RUNNING if is_due or position.name not in unlocked else INTERRUPTED
