"""What can be done with questions to a person, for whose answers workflows wait."""

from json_rows.frame import differing
from json_rows.inserting import insert
from json_rows.resource import Resource
from json_rows.transition import Transition
from service.domain.workflows import ALIVE, AT_ONCE, OPEN_QUESTION, waited_ms, workflows
from service.models.interaction import (
    Interaction,
    InteractionFilter,
    InteractionRead,
    WorkflowAwaitInput,
    WorkflowResume,
)
from service.models.status import WorkflowStatus

interactions = Resource(
    "interaction",
    Interaction,
    InteractionRead,
    parent=workflows,
    filters=InteractionFilter,
    conditions={"answered": "(interactions.answered_at IS NOT NULL) = %(answered)s"},
    sorts={"seq": "interactions.seq"},
    default_sort="seq",
)

# As a row of the table, which takes of a body what has the name of a column.
_BODY = "json_populate_record(NULL::interactions, %(json)s::json)"
_NEXT_SEQ = """(SELECT coalesce(max(interactions.seq), 0) + 1 FROM interactions
    WHERE interactions.workflow_id = changed.id)"""


def _made_before(found: str) -> str:
    return f"FROM interactions, {_BODY} AS said WHERE {found}"


_SAME_QUESTION = _made_before(
    "interactions.workflow_id = workflows.id AND interactions.id = said.id"
)
_SAME_ANSWER = _made_before(
    "interactions.workflow_id = workflows.id AND interactions.answer_id = said.id"
)
_OTHER_QUESTION = differing(("question", "step", "choices", "node_id"), "said", "interactions")
_LAST_ANSWER = """(SELECT max(interactions.answered_at) FROM interactions
    WHERE interactions.workflow_id = workflows.id)"""

AWAIT_INPUT = Transition(
    workflows,
    WorkflowAwaitInput,
    to=WorkflowStatus.AWAITING_INPUT,
    values={
        **ALIVE,
        "pending_step": "%(json)s::json ->> 'step'",
        # now() is when the request came, which may have been before it got the lock.
        "waiting_since": f"greatest({AT_ONCE}, {_LAST_ANSWER})",
    },
    also={
        "asked": insert(
            interactions,
            WorkflowAwaitInput,
            source=f"changed, {_BODY} AS given",
            values={
                "workflow_id": "changed.id",
                "seq": _NEXT_SEQ,
                "requested_at": "changed.waiting_since",
            },
        )
    },
    done=f"EXISTS (SELECT {_SAME_QUESTION})",
    other=f"(SELECT {_OTHER_QUESTION} {_SAME_QUESTION})",
    told=OPEN_QUESTION,
)

_ANSWERED_AT = "greatest(now(), workflows.waiting_since)"

# One that was imported as it waited has no question; its answer is kept with one made up for it.
_UNRECORDED = f"""INSERT INTO interactions
        (id, workflow_id, seq, question, step, requested_at, answer, answer_id, answered_at)
    SELECT gen_random_uuid(), changed.id, {_NEXT_SEQ}, 'This question was not recorded.',
        workflows.pending_step, workflows.waiting_since, said.answer, said.id, {_ANSWERED_AT}
    FROM changed, workflows, {_BODY} AS said
    WHERE workflows.id = changed.id AND {workflows.owned}
        AND NOT EXISTS (SELECT FROM answered)"""

_ABOUT = "(%(json)s::json ->> 'interaction_id')::uuid"
RESUME_WORKFLOW = Transition(
    workflows,
    WorkflowResume,
    to=WorkflowStatus.RUNNING,
    when=f"""({_ABOUT} IS NULL OR EXISTS (SELECT FROM interactions
        WHERE interactions.workflow_id = workflows.id AND interactions.id = {_ABOUT}
            AND interactions.answered_at IS NULL))""",
    values={
        **ALIVE,
        "waiting_ms": waited_ms(_ANSWERED_AT),
        "waiting_since": "NULL",
        "pending_step": "NULL",
    },
    also={
        "answered": f"""UPDATE interactions SET
                answer = said.answer,
                answer_id = said.id,
                answered_at = greatest(now(), interactions.requested_at)
            FROM changed, {_BODY} AS said
            WHERE interactions.workflow_id = changed.id AND interactions.answered_at IS NULL
            RETURNING interactions.id""",
        "unrecorded": _UNRECORDED,
    },
    done=f"EXISTS (SELECT {_SAME_ANSWER})",
    other=f"""(SELECT {differing(("answer",), "said", "interactions")} || array_remove(
        ARRAY[CASE WHEN {_ABOUT} <> interactions.id THEN 'interaction_id' END], NULL)
        {_SAME_ANSWER})""",
    told=OPEN_QUESTION,
)
