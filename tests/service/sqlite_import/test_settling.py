"""What takes more than one row to tell: parents, ids and names."""

import json
from uuid import UUID, uuid4


def test_what_hangs_on_a_refused_row_is_accounted_for(old, report):
    old.workflow(id=2, status="weird")
    old.workflow(9, id=3)
    old.workflow(id=4, created_at="never")
    for workflow_id in (2, 3, 99):
        old.node(workflow_id)
        old.generation(workflow_id)
    old.node(status="COMPLETED")
    told = report(old)
    assert told.refusals("workflows") == {
        'status "weird" is unknown': ["2"],
        "its user is not in the source": ["3"],
        "created_at is not a time; write it as 2026-01-31 14:00:00+09:00 in the source, "
        "and import that again": ["4"],
    }
    orphans = {
        "its workflow was refused": ["1", "2"],
        "its workflow is not in the source": ["3"],
    }
    assert told.refusals("nodes") == {**orphans, 'status "COMPLETED" is unknown': ["4"]}
    assert told.refusals("generations") == orphans


def test_a_generation_keeps_only_a_node_of_its_workflow(old, report, rows):
    other = old.workflow()
    for node_id in (old.node(), old.node(other), old.node(status="odd"), 99):
        old.generation(node_id=node_id)
    told = report(old)
    repair = "node_id of no imported node of the workflow, now null"
    assert told.repairs("generations") == {repair: 3}
    found = rows("SELECT legacy_note, node_id FROM generations ORDER BY legacy_id")
    assert [generation["legacy_note"] for generation in found] == [
        None,
        f'{repair}: "2"',
        f'{repair}: "3"',
        f'{repair}: "99"',
    ]
    assert [generation["node_id"] is None for generation in found] == [False, True, True, True]


def test_seqs_follow_the_start_then_the_place_in_the_file(old, report, rows):
    starts = (None, "2026-01-03", "2026-01-02T00:00:00Z", None, "2026-01-02 00:00:00.000000")
    for started_at in starts:
        old.node(status="skipped", started_at=started_at)
    report(old)
    found = rows("SELECT seq FROM nodes ORDER BY legacy_id")
    assert [node["seq"] for node in found] == [4, 3, 1, 5, 2]


def test_ids_that_are_no_uuids_are_mapped(make_file, report, rows):
    file = make_file(revision="r2")
    file.user()
    kept = uuid4()
    file.workflow(id=str(kept).upper())
    file.workflow(id="workflow-1")
    file.node("workflow-1", id="x" * 70)
    assert report(file).counts("written") == [1, 2, 1, 0]
    ids = {row["legacy_id"]: row["id"] for row in rows("SELECT * FROM workflows")}
    assert ids[str(kept).upper()] == kept
    assert isinstance(ids["workflow-1"], UUID)
    (node,) = rows("SELECT * FROM nodes")
    assert node["legacy_id"] == "x" * 64
    assert node["legacy_note"] == f'id cut to 64 characters: "{"x" * 70}"'


def test_ids_that_differ_in_case_only_are_one(make_file, report):
    file = make_file(revision="r3")
    file.user()
    key = "abcdef00-0000-4000-8000-000000000000"
    file.workflow(id=key)
    file.workflow(id=key.upper())
    told = report(file)
    assert told.refusals("workflows") == {"an earlier row has the same id": [key.upper()]}


def test_names_are_unique_whatever_their_case(make_file, report, rows):
    rows("INSERT INTO users (id, username, email) VALUES (gen_random_uuid(), 'Kim', 'k@x.kr')")
    rows("INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'LEE (legacy 4)')")
    file = make_file()
    file.user("kim", email="K@x.kr")
    file.user("KIM", email="a@x.kr")
    file.user("Lee", email="A@x.kr")
    file.user("lee", email="no address")
    file.user("z" * 120)
    file.user(" spaced ")
    file.user("")
    report(file)
    found = rows("SELECT * FROM users WHERE legacy_id IS NOT NULL ORDER BY legacy_id")
    assert [(user["username"], user["email"]) for user in found] == [
        ("kim (legacy 1)", None),
        ("KIM (legacy 2)", "a@x.kr"),
        ("Lee", None),
        ("lee (legacy 4, 2)", None),
        ("z" * 100, None),
        ("spaced", None),
        ("user (legacy 7)", None),
    ]
    taken = "username already taken, now with the legacy id"
    assert [user["legacy_note"] for user in found] == [
        f'{taken}: "kim"\nemail already taken, now null: "K@x.kr"',
        f'{taken}: "KIM"',
        'email already taken, now null: "A@x.kr"',
        f'email is no address, now null: "no address"\n{taken}: "lee"',
        f'username cut to 100 characters: "{"z" * 120}"',
        'white space around username removed: " spaced "',
        "username missing, now user (legacy 7)",
    ]
    assert report(file).counts("already_there") == [7, 0, 0, 0]


def test_spellings_of_one_name_are_one_name_and_odd_ones_stay(make_file, report, rows):
    file = make_file()
    names = (
        "\uff2b\uff49\uff4d",
        "kim",
        "Kim  Lee",
        "ki\u200bm",
        "p\u0430ypal",
        "\u1112\u1161\u11ab",
    )
    for name in names:
        file.user(name)
    told = report(file)
    assert told.counts("written")[0] == len(names)
    found = rows("SELECT username, legacy_note FROM users ORDER BY legacy_id")
    assert [user["username"] for user in found] == [
        "Kim",
        "kim (legacy 2)",
        "Kim Lee",
        "ki\u200bm",
        "p\u0430ypal",
        "한",
    ]
    respelt = "username in another spelling, now as all are"
    kept = "username can pass for another, kept as it is"
    assert [user["legacy_note"] for user in found] == [
        f'{respelt}: "{names[0]}"',
        'username already taken, now with the legacy id: "kim"',
        f'{respelt}: "Kim  Lee"',
        kept,
        kept,
        f'{respelt}: "{names[5]}"',
    ]
    assert report(file).counts("already_there")[0] == len(names)


def test_what_is_lost_where_a_name_is_given_twice_is_noted(make_file, report, rows):
    file = make_file()
    file.user()
    text = '{"x": [{"a": 1, "\\u0061": 2}]}'
    file.workflow(user_intent=text)
    report(file)
    (workflow,) = rows("SELECT user_intent, legacy_note FROM workflows")
    assert workflow["user_intent"] == {"x": [{"a": 2}]}
    said = "names given twice in user_intent, the last value of each kept"
    assert f"{said}: {json.dumps(text)}" in workflow["legacy_note"]


def test_a_known_id_without_a_parent_is_refused_too(make_file, report):
    """SQL's "neither true nor false" once took such rows out without a word."""
    file = make_file(revision="r2")
    file.user()
    workflow = file.workflow()
    node, generation = file.node(workflow), file.generation(workflow)
    assert report(file).counts("written") == [1, 1, 1, 1]
    other = make_file("other.db", revision="r2")
    other.user("another")
    for table in ("nodes", "generations"):
        other.execute(f"ALTER TABLE {table} RENAME workflow_id TO was")
        other.execute(f"ALTER TABLE {table} ADD COLUMN workflow_id")
    other.execute(
        "INSERT INTO nodes (id, was, node_name, node_type, execution_order, status) "
        "VALUES (?, 1, 'n', 'search', 1, 'completed')",
        node,
    )
    other.execute(
        "INSERT INTO generations (id, was, model_name, user_prompt, output, created_at) "
        "VALUES (?, 1, 'm', 'p', 'o', '2026-01-11')",
        generation,
    )
    told = report(other)
    reason = "another row in the database has its id"
    assert told.refusals("nodes") == {reason: [node]}
    assert told.refusals("generations") == {reason: [generation]}


def test_a_name_made_of_a_strange_id_fits(make_file, report, rows):
    file = make_file()
    file.execute("DROP TABLE users")
    file.execute("CREATE TABLE users (id, username, email, created_at, updated_at)")
    for key in ("x" * 300, "a\0tb\nc"):
        file.user(None, id=key)
    assert report(file).counts("written") == [2, 0, 0, 0]
    names = {row["username"] for row in rows("SELECT username FROM users")}
    assert names == {f"user (legacy {'x' * 300}"[:100], "user (legacy a\ufffdtb\ufffdc)"}
