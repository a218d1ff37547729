"""Workflows that nobody goes on with: the agent is silent, or the person does not answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from json_rows.frame import where
from json_rows.statement import Query, Statement
from json_rows.unit_of_work import UnitOfWork
from plain_commands.durations import in_words
from service.domain.workflows import AT_ONCE, CANCELLED_NODES, closing, workflows

BATCH = 100
"""How many workflows are closed at a time: whoever wants one of them waits for so many."""

SILENT, UNANSWERED = "AgentSilent", "PersonSilent"
"""What the workflows are told to have failed of, as `error_type`."""

_SIGN_OF_LIFE = "greatest(workflows.heartbeat_at, workflows.created_at, workflows.started_at)"
_IS_LEFT = f"""(workflows.status = 'running' AND {_SIGN_OF_LIFE} < now() - %(silent)s
    OR workflows.status = 'awaiting_input' AND workflows.waiting_since < now() - %(waiting)s)"""
_WHY = f"CASE workflows.status WHEN 'running' THEN '{SILENT}' ELSE '{UNANSWERED}' END"

# In the order of their ids, and whoever is locked is at work: two at once share the workflows.
_TAKE = Statement(f"""SELECT workflows.id::text FROM workflows
WHERE {where(_IS_LEFT, workflows.owned)}
ORDER BY workflows.id LIMIT %(batch)s FOR NO KEY UPDATE SKIP LOCKED""")

_LOOK = Statement(f"""SELECT workflows.id::text, {_WHY} FROM workflows
WHERE {where(_IS_LEFT, workflows.owned)} ORDER BY workflows.id""")

# A statement of its own, which sees the nodes that were added until the lock was taken.
_CLOSE = Statement(
    "SELECT changed.id::text, changed.error_type FROM changed ORDER BY changed.id",
    ctes={
        "changed": f"""UPDATE workflows SET {
            workflows.touched(
                {
                    "status": "'failed'",
                    "error_type": _WHY,
                    "error_message": "CASE workflows.status WHEN 'running' "
                    "THEN %(silent_said)s ELSE %(waiting_said)s END",
                    **closing(AT_ONCE),
                }
            )
        } WHERE workflows.id = ANY(%(ids)s::uuid[]) AND {workflows.owned}
            RETURNING workflows.*""",
        "cancelled": CANCELLED_NODES,
    },
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an agent may be silent, and a person may take to answer."""

    silent: timedelta
    waiting: timedelta


def left(work: UnitOfWork, patience: Patience) -> list[tuple[str, str]]:
    """Find the workflows that would be closed, and why: (id, error type)."""
    rows = work.fetch(Query(_LOOK, _parameters(patience)))
    return [(row[0], row[1]) for row in rows]


def reap(work: UnitOfWork, patience: Patience) -> Iterator[list[tuple[str, str]]]:
    """Close them as failed, batch by batch, and their open nodes; yield those of each batch.

    What gives a sign of life until then stays open; what is locked is at work, and passed over.
    """
    parameters = _parameters(patience)

    def close() -> list[tuple[str, str]]:
        work.begin()
        ids = [row[0] for row in work.fetch(Query(_TAKE, {**parameters, "batch": BATCH}))]
        rows = work.fetch(Query(_CLOSE, {**parameters, "ids": ids})) if ids else []
        return [(row[0], row[1]) for row in rows]

    while closed := work.complete(close, is_repeatable=True):
        yield closed


def _parameters(patience: Patience) -> dict[str, object]:
    return {
        "silent": patience.silent,
        "waiting": patience.waiting,
        "silent_said": f"The agent gave no sign of life for {in_words(patience.silent)}.",
        "waiting_said": f"The person did not answer for {in_words(patience.waiting)}.",
    }
