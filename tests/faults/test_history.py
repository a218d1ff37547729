"""The history checker: each check finds what it is for, in a small history that was made up."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.faults.history.calls import Call, Database, History, Kind, Outcome, Request, Row
from tests.faults.history.judgement import CHECKS, Check, violations
from tests.faults.history.order import Told, fallen

WORKFLOW, NODE, GENERATION = Kind.WORKFLOW, Kind.NODE, Kind.GENERATION
COUNTERS = ("node_count", "failed_node_count", "generation_count", "input_tokens", "output_tokens")

Example = tuple[Iterable[Call], Database]


def asked(operation: str, began: float, *rows: tuple[Kind, Row], **more: Any) -> Call:
    """A call about the workflow `w` that took a second; `more` is of the request or the call."""
    of_call = {"outcome": Outcome.DONE, "status": 200, "is_whole": False, "is_replayed": False}
    call = {name: more.pop(name, value) for name, value in of_call.items()}
    mark = more.get("mark", "")
    request = Request(operation, "POST", "/", **{"workflow": "w", "identity": mark, **more})
    return Call(request, began, began + 1, rows=rows, **call)


def workflow(**members: Any) -> Row:
    """A workflow as it is made."""
    made = {"id": "w", "status": "running", "version": 1, "name": "Trip planning", "mark": "W"}
    times = {"started_at": 0, "completed_at": None, "active_ms": 0, "waiting_ms": 0}
    counters = {**dict.fromkeys(COUNTERS, 0), "total_cost": None}
    return {**made, **times, **counters, "end_mark": None, **members}


def node(name: str, seq: int, **members: Any) -> Row:
    """A node of the workflow `w`; its mark is its id in capitals."""
    made = {"id": name, "workflow_id": "w", "seq": seq, "status": "running", "mark": name.upper()}
    return {**made, "started_at": 0, "completed_at": None, "end_mark": None, **members}


def question(name: str, seq: int, since: int, until: int | None = None, **members: Any) -> Row:
    """A question of the workflow `w`, open from `since` to `until`; marks are as of nodes."""
    times = {"requested_at": since, "answered_at": until}
    marks = {"mark": name.upper(), "answer_mark": until and f"TO {name.upper()}"}
    return {"id": name, "workflow_id": "w", "seq": seq, **times, **marks, **members}


def holding(
    *nodes: Row, generations: Iterable[Row] = (), questions: Iterable[Row] = (), **members: Any
) -> Database:
    """A database that holds the workflow `w`; counters are those of its rows."""
    kept = {"node_count": len(nodes), "version": 1 + len(nodes), **members}
    rows = {NODE: nodes, GENERATION: generations, Kind.INTERACTION: questions}
    return Database({WORKFLOW: [workflow(**kept)], **rows})


def shown(**members: Any) -> tuple[Kind, Row]:
    return WORKFLOW, {"id": "w", **members}


def made(name: str, seq: int, began: float, **more: Any) -> Call:
    """A call that made a node."""
    row = NODE, {"id": name, "seq": seq, "status": "running"}
    return asked("create_node", began, row, **{"mark": name.upper(), **more})


def awaited(name: str, began: float, *told: tuple[Kind, Row], **more: Any) -> Call:
    """A call that asked a question, whose id the client chose."""
    told = told or (shown(status="awaiting_input"),)
    return asked(
        "await_input", began, *told, **{"mark": name.upper(), "body": {"id": name}, **more}
    )


def answered(name: str, began: float, **more: Any) -> Call:
    """A call that answered a question."""
    mark = f"TO {name.upper()}"
    return asked("resume_workflow", began, shown(status="running"), **{"mark": mark, **more})


STARTED = asked("create_workflow", 0, shown(version=1, status="running"), mark="W", workflow="")
REFUSED: dict[str, Any] = {"outcome": Outcome.REFUSED, "status": 409}
COMPLETED = shown(status="completed", completed_at=9000)
ENDED = asked("complete_workflow", 10, COMPLETED, mark="E", body={})
END: dict[str, Any] = {
    "status": "completed", "completed_at": 9000, "active_ms": 9, "end_mark": "E", "version": 2
}  # fmt: skip


SOUND: dict[str, Example] = {
    "nothing": ([], Database({})),
    "two nodes, and one that was refused": (
        [STARTED, made("a", 1, 2), made("b", 2, 4), made("c", 0, 6, **REFUSED, body={"seq": 2})],
        holding(node("a", 1), node("b", 2)),
    ),
    "nodes at the same time, in any order": (
        [STARTED, made("a", 2, 2), made("b", 1, 2.5)],
        holding(node("a", 2), node("b", 1)),
    ),
    "an unknown outcome": (
        [STARTED, made("a", 1, 2, outcome=Outcome.UNKNOWN, status=503)],
        holding(node("a", 1)),
    ),
    "an unknown outcome that was none": (
        [STARTED, made("a", 1, 2, outcome=Outcome.UNKNOWN, status=503)],
        holding(),
    ),
    "an end, asked for twice": ([STARTED, ENDED, ENDED], holding(**END)),
    "two questions, and an end before the second was answered": (
        [
            STARTED,
            awaited("q", 1),
            answered("q", 2),
            awaited("r", 3),
            awaited("s", 4, shown(status="awaiting_input", interaction_id="r"), **REFUSED),
            asked(
                "list_interactions",
                5,
                (Kind.INTERACTION, {"id": "q"}),
                (Kind.INTERACTION, {"id": "r"}),
                is_whole=True,
            ),
            ENDED,
        ],
        holding(
            questions=[question("q", 1, 1600, 2500), question("r", 2, 7000)],
            **END | {"version": 5, "active_ms": 7, "waiting_ms": 2},
        ),
    ),
    "an old answer again": (
        [STARTED, ENDED, asked("record_heartbeat", 20, shown(version=2), is_replayed=True)],
        holding(**END | {"version": 3}),
    ),
}

VIOLATED: dict[str, list[Example]] = {
    "rows_are_kept": [
        ([made("a", 1, 2)], holding()),
        ([made("a", 1, 2)], holding(node("a", 1, mark="OTHER"))),
        ([made("a", 1, 2)], holding(node("a", 3))),
    ],
    "rows_are_made_once": [
        ([made("a", 1, 2)], holding(node("a", 1), node("b", 2, mark="A"))),
        ([made("a", 1, 2), made("b", 2, 4, mark="A")], holding(node("a", 1), node("b", 2))),
    ],
    "rows_were_asked_for": [
        ([made("a", 1, 2, **REFUSED)], holding(node("a", 1))),
        ([], holding(node("a", 1))),
    ],
    "counters_agree": [
        ([], holding(node("a", 1), node_count=2)),
        ([], holding(node("a", 1, status="failed"))),
        ([], holding(generations=[{"id": "g", "workflow_id": "w", "mark": "G", "cost": None,
                                   "prompt_tokens": 3, "completion_tokens": None}],
                     generation_count=1)),
    ],
    "seqs_are_whole": [
        ([], holding(node("a", 1), node("b", 1))),
        ([], holding(node("a", 1), node("b", 3))),
    ],
    "later_nodes_come_later": [([made("a", 2, 2), made("b", 1, 4)], holding())],
    "ends_are_final": [
        ([ENDED, asked("fail_workflow", 10, shown(status="failed", completed_at=1))], holding()),
        ([ENDED], holding(status="failed", completed_at=9000)),
        ([ENDED], holding(status="completed", completed_at=9001)),
    ],
    "ends_were_asked_for": [
        ([asked("fail_workflow", 2, mark="E", body={})], holding(**END)),
        ([], holding(node("a", 1, status="completed", end_mark="A1"))),
        ([], holding(node("a", 1, status="cancelled"))),
    ],
    "ends_are_not_foretold": [([asked("get_workflow", 2, COMPLETED), ENDED], holding(**END))],
    "closed_stays_closed": [
        ([ENDED, asked("get_workflow", 20, shown(status="running"))], holding(**END)),
    ],
    "closed_has_no_open_nodes": [
        ([], holding(node("a", 1), **END)),
        ([ENDED, asked("list_nodes", 20, (NODE, {"id": "a", "status": "running"}))],
         holding(**END)),
    ],
    "nothing_follows_the_end": [
        ([ENDED, made("a", 1, 20)], holding(node("a", 1, status="cancelled"), **END)),
        ([ENDED, asked("record_heartbeat", 20)], holding(**END)),
    ],
    "versions_never_go_back": [
        ([asked("get_workflow", 2, shown(version=3)), asked("get_workflow", 4, shown(version=2))],
         holding(version=3)),
        ([asked("get_workflow", 2, shown(version=3))], holding(version=2)),
    ],
    "a_version_is_one_content": [
        ([asked("get_workflow", 2, shown(version=2, name="a")),
          asked("get_workflow", 2, shown(version=2, name="b"))], holding(version=3)),
        ([asked("get_workflow", 2, shown(version=3, name="a"))], holding(version=3)),
    ],
    "changes_are_counted": [
        ([asked("record_heartbeat", 2, shown(version=2), mark="H")], holding(version=1)),
        ([made("a", 1, 2)], holding(node("a", 1), version=3)),
    ],
    "changes_are_kept": [
        ([asked("update_workflow", 2, shown(version=2), mark="P"),
          asked("update_workflow", 4, shown(version=3), mark="Q")], holding(name="P", version=3)),
        ([asked("update_workflow", 2, mark="P", outcome=Outcome.REFUSED, status=412)],
         holding(name="P", version=2)),
        ([asked("update_workflow", 2, shown(version=2), mark="P")], holding(version=2)),
    ],
    "etags_are_versions": [([asked("get_workflow", 2, shown(version=2, etag=3))], holding())],
    "if_match_is_kept": [
        ([asked("update_workflow", 2, shown(version=4), headers={"If-Match": '"2"'})], holding()),
    ],
    "times_add_up": [
        ([], holding(**END | {"active_ms": 8})),
        ([asked("get_workflow", 2, shown(**workflow(**END | {"waiting_ms": 1})))], holding()),
    ],
    "questions_are_kept": [
        ([awaited("q", 1)], holding()),
        ([], holding(questions=[question("q", 2, 1, 2)])),
        ([], holding(questions=[question("q", 1, 1, 5), question("r", 2, 4)])),
        ([], holding(questions=[question("q", 1, 1), question("r", 2, 4)])),
    ],
    "answers_are_kept": [
        ([answered("q", 1)], holding(questions=[question("q", 1, 1)])),
        ([answered("q", 1)], holding(questions=[question("q", 1, 1, 2),
                                                question("r", 2, 3, 4, answer_mark="TO Q")])),
        ([answered("q", 1, **REFUSED)], holding(questions=[question("q", 1, 1, 2)])),
    ],
    "one_question_is_open": [
        ([], holding(questions=[question("q", 1, 1)])),
        ([], holding(status="awaiting_input")),
        ([], holding(questions=[question("q", 1, 1), question("r", 2, 1)], **END)),
    ],
    "waiting_adds_up": [
        ([], holding(questions=[question("q", 1, 0, 600), question("r", 2, 1000, 1600)])),
        ([], holding(questions=[question("q", 1, 7000)], **END)),
    ],
    "conflicts_name_the_question": [
        ([asked("await_input", 1, shown(status="awaiting_input"), **REFUSED)], holding()),
        ([asked("complete_workflow", 1, shown(status="awaiting_input", interaction_id="z"),
                **REFUSED)], holding(questions=[question("q", 1, 1)])),
    ],
    "questions_are_listed": [
        ([awaited("q", 1), asked("get_timeline", 4, is_whole=True)], holding()),
    ],
    "lists_have_what_was_acknowledged": [
        ([made("a", 1, 2), asked("list_nodes", 4, is_whole=True)], holding(node("a", 1))),
    ],
    "counters_count_what_was_acknowledged": [
        ([made("a", 1, 2), asked("get_workflow", 4, shown(node_count=0))], holding(node("a", 1))),
    ],
    "nodes_are_found": [
        ([made("a", 1, 2),
          asked("get_node", 4, node="a", outcome=Outcome.REFUSED, status=404)], holding()),
    ],
    "answers_are_expected": [
        ([asked("get_workflow", 2, status=500, outcome=Outcome.UNKNOWN)], holding()),
        ([made("a", 1, 2, outcome=Outcome.REFUSED, status=422)], holding()),
        # That the seq is taken is no reason, where the client chose none.
        ([asked("create_node", 2, mark="A", **REFUSED)], holding()),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_history_has_no_violation(name):
    calls, database = SOUND[name]
    assert violations(History(calls), database) == {}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_each_check_finds_what_it_is_for(check: Check):
    for calls, database in VIOLATED[check.__name__]:
        assert list(check(History(calls), database)), (calls, database)


def test_a_number_falls_only_behind_what_was_over_before_it_was_asked_for():
    first, beside, after = Told(0, 2, 7), Told(1, 3, 6), Told(2.5, 4, 6)
    assert list(fallen([first, beside])) == []
    assert list(fallen([after, beside, first])) == [(first, after)]
    assert list(fallen([Told(0, 1, 5), Told(2, 3, 5)])) == []
    assert len(list(fallen([Told(0, 1, 5), Told(2, 3, 5)], strictly=True))) == 1
