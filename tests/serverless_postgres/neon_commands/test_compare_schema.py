"""`flask neon compare-schema`: a diff, and an exit code for programs."""

import pytest

CHANGED = "CREATE TABLE users ();\nCREATE TABLE 여행 ();\n"


@pytest.fixture
def changed(neon):
    neon.schemas[neon.named("staging")["id"]] = CHANGED


def test_the_same_schema(run):
    done = run("compare-schema", "main", "staging")
    assert (done.exit_code, done.stdout.startswith("No difference")) == (0, True)


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("branches", [("main", "staging"), ("staging",)])
def test_a_difference_is_a_diff_from_the_base_or_the_parent(run, branches):
    done = run("compare-schema", *branches)
    assert done.exit_code == 2
    assert done.stdout.splitlines()[:2] == ["--- a/neondb", "+++ b/neondb"]
    assert "+CREATE TABLE 여행 ();" in done.stdout


@pytest.mark.usefixtures("changed")
def test_a_difference_as_a_document(ask):
    found = ask("compare-schema", "staging", "main", exit_code=2)
    assert (found["base"], found["other"], found["different"]) == ("staging", "main", True)
    assert "-CREATE TABLE 여행 ();" in found["diff"]


def test_moments_are_passed_on(run, neon):
    run("compare-schema", "main", "staging", "--at", "0/AB", "--base-at", "2025-11-24T02:00:00Z")
    run("compare-schema", "main", "--base-at", "0/AB")
    first, second = (call.query for call in neon.called("GET", "/compare_schema$"))
    assert (first["lsn"], first["base_timestamp"]) == ("0/AB", "2025-11-24T02:00:00Z")
    assert second["base_branch_id"] in neon.called("GET", "/compare_schema$")[1].path


def test_a_branch_without_a_parent_wants_another(refused):
    assert "name the branch to compare it with" in refused("compare-schema", "main")


def test_several_databases_want_a_choice(refused, run, neon):
    neon.databases = {"trips": "a", "여행": "b"}
    assert "trips, 여행: choose one with --database" in refused("compare-schema", "staging")
    assert "has no database 'x'" in refused("compare-schema", "staging", "--database", "x")
    assert run("compare-schema", "staging", "--database", "여행").exit_code == 0
    set_to = "postgresql://me:pw@db.example.com/trips"
    assert run("compare-schema", "staging", DATABASE_URL=set_to).exit_code == 0
