"""What is repaired in a row, what stands in Postgres then, and what is noted."""

import json
from datetime import UTC, datetime

import pytest

START = "2026-01-11 04:22:27.521293"
END = "2026-01-11 04:22:28.524000"
HOURS = "duration_hours not from 2 to 12, now null"
TO_WORKFLOW_START = "missing, now the start of the workflow"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


@pytest.fixture
def workflow(make_file, report, rows):
    """Import a workflow with some values, and return its row; the report tells of its notes."""

    def run(**values):
        file = make_file()
        file.user()
        file.workflow(**values)
        told = report(file)
        (row,) = rows("SELECT * FROM workflows")
        lines = (row["legacy_note"] or "").splitlines()
        assert told.repairs("workflows") == {line.split(": ")[0]: 1 for line in lines}
        return row

    return run


@pytest.mark.parametrize(
    ("given", "name", "note"),
    [
        ("", "Trip planning", "name missing, now Trip planning"),
        ("x" * 300, "x" * 255, f'name cut to 255 characters: "{"x" * 300}"'),
        ("a\0b", "a\ufffdb", "NUL in name, now U+FFFD"),
        ("a\\b\tc\nd\re\\N\\.", "a\\b\tc\nd\re\\N\\.", None),
        ("\\N", "\\N", None),
        (b"caf\xc3\xa9", "café", None),
        (b"\xff\xfe", "//4=", "name is binary, now base64"),
    ],
)
def test_text(workflow, given, name, note):
    row = workflow(name=given)
    assert (row["name"], row["legacy_note"]) == (name, note)


@pytest.mark.parametrize(
    ("given", "radius", "note"),
    [
        (5, 100, "search_radius below 100, now that: 5"),
        (-5, 100, "search_radius below 100, now that: -5"),
        (10**12, 20000, "search_radius above 20000, now that: 1000000000000"),
        (None, 2000, "search_radius missing, now 2000"),
        (1500.0, 1500, None),
        ("1500", 1500, None),
        (b"1500", 1500, None),
    ],
)
def test_search_radius(workflow, given, radius, note):
    row = workflow(search_radius=given)
    assert (row["search_radius_m"], row["legacy_note"]) == (radius, note)


@pytest.mark.parametrize(
    ("given", "checked", "note"),
    [
        ('{"enabled": false}', (False, None, None), None),
        ('{"enabled": 1}', (True, None, None), "enabled is neither true nor false, now true: 1"),
        ('{"start_time": "14:00"}', (True, "14:00", None), None),
        ('{"start_time": "24:0"}', (True, None, None), 'start_time is no HH:MM, now null: "24:0"'),
        ('{"duration_hours": 2.5}', (True, None, 2.5), None),
        ('{"duration_hours": 13}', (True, None, None), f"{HOURS}: 13"),
        ('{"duration_hours": "6"}', (True, None, None), f'{HOURS}: "6"'),
    ],
)
def test_time_settings(workflow, given, checked, note):
    row = workflow(time_settings=given)
    names = ("enabled", "start_time", "duration_hours")
    assert row["time_settings"] == dict(zip(names, checked, strict=True))
    assert row["legacy_note"] == (note and f"time_settings.{note}")


def test_unknown_members_of_time_settings_are_noted(workflow):
    row = workflow(time_settings='{"x": 1}')
    assert row["time_settings"] == {"enabled": True, "start_time": None, "duration_hours": None}
    assert row["legacy_note"] == 'time_settings has unknown members, dropped: {"x": 1}'


@pytest.mark.parametrize(
    ("given", "theme", "note"),
    [
        ('{"a": [1.10]}', {"a": [1.1]}, None),
        ("null", None, None),
        (" null\n", None, None),
        (7, 7, None),
        (1.5, 1.5, None),
        ("{oops", "{oops", "date_theme is no JSON, now a JSON string"),
        ("[" * 600 + "]" * 600, "[" * 600 + "]" * 600, "date_theme is no JSON, now a JSON string"),
        (b"[1]", [1], None),
    ],
)
def test_json(workflow, given, theme, note):
    row = workflow(date_theme=given)
    assert row["metadata"] == (None if theme is None else {"date_theme": theme})
    assert row["legacy_note"] == note


def test_json_of_another_shape_is_kept_in_the_metadata(workflow):
    row = workflow(time_settings="[1]", user_intent="{oops", final_itinerary="5", date_theme="1")
    assert (row["time_settings"], row["user_intent"], row["final_itinerary"]) == (None, None, None)
    assert row["metadata"] == {
        "date_theme": 1,
        "legacy_time_settings": [1],
        "legacy_user_intent": "{oops",
        "legacy_final_itinerary": 5,
    }


def test_a_long_wish_is_kept_whole(workflow):
    row = workflow(user_input="긴" * 9000)
    assert row["user_input"] == "긴" * 8000
    assert row["metadata"] == {"legacy_user_input": "긴" * 9000}
    assert row["legacy_note"] == "user_input cut to 8000 characters, whole in metadata"


def test_what_is_missing_or_unknown_has_a_substitute(workflow):
    row = workflow(user_input="", input_type="city", updated_at=5)
    assert (row["user_input"], row["input_type"]) == ("(empty)", None)
    assert row["updated_at"] == row["created_at"]
    assert set(row["legacy_note"].splitlines()) == {
        "user_input missing, now (empty)",
        'input_type unknown, now null: "city"',
        "updated_at is a number that is in no range of a known unit, now null: 5",
        "updated_at missing, now created_at",
    }


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-01-11T13:22:27+09:00", "2026-01-11 04:22:27"),
        ("2026-01-11T04:22:27.5Z", "2026-01-11 04:22:27.5"),
        ("2026-01-11", "2026-01-11"),
    ],
)
def test_times(workflow, given, moment):
    assert workflow(created_at=given)["created_at"] == at(moment)


# The status and completed_at; the completed_at and waiting_since that follow, and what is noted.
WORKFLOW_TIMES = [
    (
        ("completed", None),
        (END, None),
        "completed_at of a completed workflow missing, now updated_at",
    ),
    (
        ("failed", "2025-01-01"),
        (START, None),
        'completed_at before the start, now the start: "2025-01-01 00:00:00"',
    ),
    (
        ("running", END),
        (None, None),
        f'completed_at of a running workflow, now null: "{END}"',
    ),
    (
        ("awaiting_input", START),
        (None, START),
        "completed_at of an awaiting_input workflow, now waiting_since",
    ),
    (("running", None), (None, None), None),
    (("awaiting_input", None), (None, END), None),
]


@pytest.mark.parametrize(("given", "then", "note"), WORKFLOW_TIMES)
def test_times_of_a_workflow(workflow, given, then, note):
    status, completed_at = given
    row = workflow(status=status, completed_at=completed_at)
    assert row["status"] == status
    assert (row["completed_at"], row["waiting_since"]) == tuple(map(at, then))
    assert row["legacy_note"] == note


# The status, its times and duration; those that follow, and what is noted.
NODE_TIMES = [
    (
        ("completed", None, END, 5),
        ("completed", END, END),
        ["started_at missing, now completed_at"],
    ),
    (
        ("failed", START, None, 500),
        ("failed", START, "2026-01-11 04:22:28.021293"),
        ["completed_at missing, now started_at plus duration_ms"],
    ),
    (
        ("skipped", START, None, None),
        ("skipped", START, START),
        ["completed_at missing, now started_at"],
    ),
    (
        ("completed", START, None, 9 * 10**18),
        ("completed", START, START),
        ["completed_at missing, now started_at"],
    ),
    (
        ("completed", None, None, None),
        ("completed", START, START),
        [f"completed_at {TO_WORKFLOW_START}", f"started_at {TO_WORKFLOW_START}"],
    ),
    (
        ("skipped", None, None, None),
        ("skipped", None, START),
        [f"completed_at {TO_WORKFLOW_START}"],
    ),
    (
        ("completed", END, START, None),
        ("completed", END, END),
        [f'completed_at before started_at, now started_at: "{START}"'],
    ),
    (
        ("running", START, None, None),
        ("cancelled", START, END),
        ["node still running in a closed workflow, now cancelled"],
    ),
    (
        ("running", None, START, None),
        ("cancelled", START, END),
        [
            f'completed_at of a running node, now null: "{START}"',
            f"started_at {TO_WORKFLOW_START}",
            "node still running in a closed workflow, now cancelled",
        ],
    ),
    (
        ("pending", None, None, None),
        ("cancelled", None, END),
        ["node still pending in a closed workflow, now cancelled"],
    ),
    (
        ("running", "2026-02-01", None, None),
        ("cancelled", "2026-02-01", "2026-02-01"),
        ["node still running in a closed workflow, now cancelled"],
    ),
    (
        ("pending", START, None, None),
        ("cancelled", None, END),
        [
            f'started_at of a pending node, now null: "{START}"',
            "node still pending in a closed workflow, now cancelled",
        ],
    ),
]


@pytest.fixture
def node(old, report, rows):
    """Import a node of a completed workflow, and return its row."""

    def run(**values):
        old.node(**values)
        report(old)
        (row,) = rows("SELECT * FROM nodes")
        return row

    return run


@pytest.mark.parametrize(("given", "then", "notes"), NODE_TIMES)
def test_times_of_a_node(node, given, then, notes):
    names = ("status", "started_at", "completed_at", "duration_ms")
    row = node(**dict(zip(names, given, strict=True)))
    status, started_at, completed_at = then
    assert row["status"] == status
    assert (row["started_at"], row["completed_at"]) == (at(started_at), at(completed_at))
    assert row["legacy_note"].splitlines() == notes


def test_a_cancelled_node_lasted_until_the_end(node):
    assert node(status="running", completed_at=None)["duration_ms"] == 1002


def test_open_nodes_of_an_open_workflow_stay_open(make_file, report, rows):
    file = make_file()
    file.user()
    file.workflow(status="awaiting_input")
    file.node(status="pending", started_at=None, completed_at=None)
    file.node(status="running", completed_at=None)
    report(file)
    found = rows("SELECT seq, status, legacy_note FROM nodes ORDER BY seq")
    assert [tuple(node.values()) for node in found] == [
        (1, "running", None),
        (2, "pending", None),
    ]


def test_values_of_a_node(node):
    reason = {"skip_reason": "r" * 2001, "more": 1}
    row = node(
        node_name="",
        status="skipped",
        output_data=json.dumps(reason),
        duration_ms=-1,
        input_data="{broken",
        error_message="a\0",
    )
    assert (row["node_name"], row["duration_ms"]) == ("(unnamed)", None)
    assert (row["skip_reason"], row["output"]) == ("r" * 2000, reason)
    assert (row["input"], row["error_message"]) == ("{broken", "a\ufffd")
    assert len(row["legacy_note"].splitlines()) == 5


def test_a_skip_reason_moves_out_of_the_output(old, report, rows):
    old.node(status="skipped", output_data='{"skip_reason": "r", "big": 12345678901234567890123}')
    old.node(status="skipped", output_data='{"skip_reason": {"a": 1}}')
    old.node(status="completed", output_data='{"skip_reason": "not skipped"}')
    report(old)
    found = rows("SELECT skip_reason, output::text FROM nodes ORDER BY legacy_id")
    assert [tuple(node.values()) for node in found] == [
        ("r", '{"big": 12345678901234567890123}'),
        (None, '{"skip_reason": {"a": 1}}'),
        (None, '{"skip_reason": "not skipped"}'),
    ]


def test_values_of_a_generation(old, report, rows):
    old.generation(
        model_name="m" * 300,
        prompt_tokens=-1,
        completion_tokens=2**31,
        total_tokens="many",
        temperature=101,
        latency_ms=1.5,
        parsed_output=7,
        max_tokens="12",
    )
    report(old)
    (generation,) = rows("SELECT * FROM generations")
    assert generation["model_name"] == "m" * 255
    for column in ("prompt_tokens", "completion_tokens", "total_tokens", "latency_ms"):
        assert generation[column] is None
    assert (generation["temperature"], generation["parsed_output"], generation["max_tokens"]) == (
        None,
        7,
        12,
    )
    assert len(generation["legacy_note"].splitlines()) == 6
