"""Checks of waiting: a question is asked once and answered once, and its time is the person's."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from .calls import Call, Database, History, Kind, Outcome, Row, done, may_be_done
from .checks_of_ends import is_closed

_ASK, _ANSWER = "await_input", "resume_workflow"


def questions_are_kept(history: History, database: Database) -> Iterator[str]:
    """A question that was acknowledged is there, in its workflow; they are 1, 2, 3, as asked."""
    yield from _kept(history, database, _ASK, "mark")
    for workflow_id in database[Kind.WORKFLOW]:
        rows = _questions(database, workflow_id)
        if [row["seq"] for row in rows] != [*range(1, len(rows) + 1)]:
            yield f"workflow {workflow_id}: questions {[row['seq'] for row in rows]}"
        for earlier, later in pairwise(rows):
            if earlier["answered_at"] is None or later["requested_at"] < earlier["answered_at"]:
                yield f"workflow {workflow_id}: asked {later['seq']} before the last was answered"


def answers_are_kept(history: History, database: Database) -> Iterator[str]:
    """An answer that was acknowledged is there, and answers one question; no other one is there."""
    yield from _kept(history, database, _ANSWER, "answer_mark")
    answers = [row for row in database[Kind.INTERACTION].values() if row["answer_mark"]]
    for mark, count in Counter(row["answer_mark"] for row in answers).items():
        if count > 1:
            yield f"the answer {mark}: is that to {count} questions"
    for row in answers:
        if not may_be_done(history.by_mark.get(row["answer_mark"], [])):
            yield f"interaction {row['id']}: nobody answered so, or it was refused"


def _kept(history: History, database: Database, operation: str, member: str) -> Iterator[str]:
    for mark, calls in history.by_mark.items():
        if calls[0].request.operation != operation or not done(calls):
            continue
        workflow_id = calls[0].request.workflow
        if mark not in {row[member] for row in _questions(database, workflow_id)}:
            yield f"workflow {workflow_id}: {operation} was acknowledged, and is missing"


def one_question_is_open(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """A workflow waits if and only if one of its questions is open, until it is closed."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        rows = _questions(database, workflow_id)
        count = sum(row["answered_at"] is None for row in rows)
        expected = workflow["status"] == "awaiting_input"
        if count > 1 or (count != expected and not is_closed(workflow)):
            yield f"workflow {workflow_id}: is {workflow['status']}, with {count} open questions"


def waiting_adds_up(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """What a workflow has waited is the sum of its waits, as far as its end, in whole ms."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        total = 0
        for row in _questions(database, workflow_id):
            ends = [each for each in (row["answered_at"], workflow["completed_at"]) if each]
            total += max(0, min(ends) - row["requested_at"]) if ends else 0
        if workflow["waiting_ms"] != total // 1000:
            yield f"workflow {workflow_id}: waiting_ms is {workflow['waiting_ms']}, not {total} us"


def conflicts_name_the_question(history: History, database: Database) -> Iterator[str]:
    """Who can't go on as a question is open is told which one: it is one of this workflow."""
    for call in history.calls:
        if call.request.operation not in {_ASK, "complete_workflow"} or call.status != 409:
            continue
        for row in call.shown(Kind.WORKFLOW):
            if row.get("status") != "awaiting_input":
                continue
            found = database[Kind.INTERACTION].get(row.get("interaction_id", ""), {})
            if found.get("workflow_id") != row["id"]:
                yield f"workflow {row['id']}: a conflict names {row.get('interaction_id')}"


def questions_are_listed(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """A list and a timeline have each question that was acknowledged before."""
    for call in history.calls:
        if call.request.operation in {"list_interactions", "get_timeline"} and call.is_whole:
            shown = {row["id"] for row in call.shown(Kind.INTERACTION)}
            if missing := _asked_before(history, call) - shown:
                yield f"{call.request.operation} of {call.request.workflow} lacks {sorted(missing)}"


def _asked_before(history: History, call: Call) -> set[str]:
    """Give the questions whose ids the clients chose, and which were acknowledged by then."""
    return {
        earlier.request.body["id"]
        for earlier in history.by_workflow.get(call.request.workflow, [])
        if earlier.request.operation == _ASK
        and earlier.outcome is Outcome.DONE
        and earlier.ended < call.began
        and earlier.request.body
        and "id" in earlier.request.body
    }


def _questions(database: Database, workflow_id: str) -> list[Row]:
    return sorted(database.of(workflow_id, Kind.INTERACTION), key=lambda row: row["seq"])
