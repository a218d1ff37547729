"""The predecessor's final itineraries become itineraries, once, with what was repaired."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.service.models.test_final_itinerary import WRITTEN, stop

TABLES = ("itineraries", "itinerary_members", "itinerary_versions", "itinerary_items")


def dumped(*stops):
    return json.dumps(stops)


@pytest.mark.parametrize("revision", ["r1", "r2", "r3"])
def test_what_the_prototype_wrote_becomes_an_itinerary(revision, make_file, report, rows):
    """As in its own database, whose texts are escaped."""
    file = make_file(revision=revision)
    user = file.user()
    done = file.workflow(user, user_input="홍대에서  데이트", final_itinerary=dumped(WRITTEN))
    file.workflow(user, status="failed", final_itinerary="null")
    file.workflow(user, final_itinerary="[]")
    told = report(file)["tables"]["itineraries"]
    assert [told[name] for name in ("read", "written", "refused", "repaired")] == [1, 1, 0, 0]
    (itinerary,) = rows("SELECT * FROM itineraries")
    (workflow,) = rows("SELECT * FROM workflows WHERE final_itinerary @> '[{}]'")
    assert (itinerary["workflow_id"], itinerary["user_id"]) == (
        workflow["id"],
        workflow["user_id"],
    )
    assert itinerary["id"] != workflow["id"]
    assert (itinerary["title"], itinerary["plan_date"]) == ("홍대에서 데이트", None)
    assert (itinerary["created_via"], itinerary["timezone"]) == ("import", "Asia/Seoul")
    assert (itinerary["legacy_id"], itinerary["legacy_note"]) == (str(done), None)
    assert itinerary["created_at"] == workflow["completed_at"]
    (member,) = rows("SELECT * FROM itinerary_members")
    assert (member["user_id"], member["role"]) == (itinerary["user_id"], "owner")
    (version,) = rows("SELECT * FROM itinerary_versions")
    assert (version["number"], version["item_count"]) == (1, 1)
    assert version["workflow_id"] == workflow["id"]
    (item,) = rows("SELECT * FROM itinerary_items")
    assert (item["position"], item["start_minute"], item["duration_minutes"]) == (1, 840, 120)
    assert (item["category"], item["notes"], item["leg"]) == ("activity", "문화 활동", None)
    assert item["place"]["name"] == "홍대 미술관"
    assert (item["place"]["latitude"], item["place"]["longitude"]) == (37.5511, 126.9222)


def test_imported_again_nothing_changes_and_a_dry_run_tells_the_same(
    old, report, rows, tmp_path, client
):
    way = {"method": "순간이동"}
    old.workflow(final_itinerary=dumped(stop(travel_to_next=way), stop("15:30")))
    old.workflow(final_itinerary='{"stops": []}')
    rehearsed = report(old, "--dry-run")
    assert rows("SELECT FROM itineraries") == []
    told = report(old)
    assert {**told, "dry_run": True} == rehearsed
    of = told["tables"]["itineraries"]
    assert [of[name] for name in ("read", "written", "refused", "repaired")] == [2, 1, 1, 1]
    assert told.repairs("itineraries") == {"travel_to_next.method is unknown, now other": 1}
    assert told.refusals("itineraries") == {
        "final_itinerary is no list of stops; the workflow keeps it as it is": ["3"]
    }
    before = [rows(f"SELECT * FROM {table} ORDER BY id") for table in TABLES]
    assert [len(found) for found in before] == [1, 1, 1, 2]
    assert before[0][0]["legacy_note"] == (
        'travel_to_next.method is unknown, now other: "순간이동"'
    )
    shutil.copy(old.path, tmp_path / "elsewhere.db")
    again = report(tmp_path / "elsewhere.db")["tables"]["itineraries"]
    assert [again[name] for name in ("read", "written", "already_there")] == [2, 0, 1]
    assert [rows(f"SELECT * FROM {table} ORDER BY id") for table in TABLES] == before
    # Also once its workflow was deleted, which comes back.
    workflow = before[0][0]["workflow_id"]
    assert client.delete(f"/v1/workflows/{workflow}").status_code == 204
    again = report(old)["tables"]["itineraries"]
    assert (again["written"], again["already_there"]) == (0, 1)


def test_its_rows_have_the_same_ids_wherever_they_come_from(old, report, rows):
    old.workflow(final_itinerary=dumped(stop()))
    report(old)
    ids = "SELECT itineraries.id, version_id, item_id FROM itineraries JOIN itinerary_versions v "
    ids += "ON itinerary_id = itineraries.id JOIN itinerary_items ON version_id = v.id"
    before = rows(ids)
    rows("DELETE FROM users")
    report(old)
    assert rows(ids) == before


def test_a_refused_workflow_has_no_itinerary(old, report):
    old.workflow(status="lost", final_itinerary=dumped(stop()))
    old.workflow(created_at="yesterday", completed_at=None, final_itinerary=dumped(stop()))
    told = report(old)
    assert told["tables"]["itineraries"]["read"] == 2
    (first, second) = told.refusals("itineraries")
    assert "its workflow was refused" in {first, second}
    assert len(told.refusals("workflows")) == 2


def test_rows_of_a_workflow_that_is_another_here_are_not_hung_on_it(old, report, rows, tmp_path):
    fork = tmp_path / "fork.db"
    shutil.copy(old.path, fork)
    old.workflow(created_at="2026-02-01 00:00:00")
    report(old)
    plan = dumped(stop())
    with closing(sqlite3.connect(fork)) as file:
        file.executescript(f"""
            INSERT INTO workflows
                (id, user_id, name, status, user_input, final_itinerary, created_at, updated_at)
                VALUES (2, 1, 'w', 'running', 'i', '{plan}', '2026-03-01', '2026-03-01');
            INSERT INTO nodes (id, workflow_id, node_name, node_type, execution_order, status)
                VALUES (7, 2, 'n', 'search', 1, 'skipped')
        """)
    told = report(fork)
    assert told.refusals("workflows") == {"another row in the database has its id": ["2"]}
    assert told.refusals("nodes") == {"its workflow was refused": ["7"]}
    assert told.refusals("itineraries") == {"its workflow was refused": ["2"]}
    assert rows("SELECT FROM nodes") == rows("SELECT FROM itineraries") == []


def test_damaged_json_is_mended_as_that_of_the_workflow(old, report, rows):
    plan = dumped(stop(name="a\x00b", location={"x": 1, "y": 2})).replace("1,", "NaN,")
    old.workflow(final_itinerary=plan)
    told = report(old)
    assert told["tables"]["itineraries"]["written"] == 1
    (item,) = rows("SELECT place FROM itinerary_items")
    assert (item["place"]["name"], item["place"]["latitude"]) == ("a\ufffdb", None)
    assert set(told.repairs("itineraries")) == {"x and y are no two numbers, now null"}


def test_adopted_tables_make_itineraries_and_may_be_put_back(standing):
    plan = dumped(stop()).replace("'", "''")
    standing.execute(f"UPDATE workflows SET final_itinerary = '{plan}' WHERE status = 'completed'")
    told = standing.report()
    assert told["tables"]["itineraries"]["written"] == 1
    assert standing.counts("public") == standing.counts("predecessor")
    found = [standing.value(f"SELECT count(*) FROM {table}") for table in TABLES]
    assert found == [1, 1, 1, 1]
    undone = standing.adopt("--undo")
    assert undone.exit_code == 0, undone.output
    assert standing.value("SELECT to_regclass('itineraries') IS NULL")


def test_an_itinerary_that_was_changed_since_keeps_the_old_tables_away(standing):
    plan = dumped(stop())
    standing.execute(f"UPDATE workflows SET final_itinerary = '{plan}' WHERE status = 'completed'")
    standing.report()
    standing.execute(
        "BEGIN; SET LOCAL trip_planner.writes = on; UPDATE itineraries SET title = 'x'; COMMIT"
    )
    refused = standing.adopt("--undo")
    assert refused.exit_code == 1
    assert "1 of itineraries written or changed since" in refused.stderr
