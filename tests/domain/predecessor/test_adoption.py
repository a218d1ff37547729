"""`flask db adopt`: the predecessor's tables are taken over where they stand, or left as they are."""

from uuid import uuid4

import pytest

from service.schema.revisions import heads
from tests.domain.predecessor.old_database import COUNTS, TABLES, OldDatabase, written


@pytest.fixture
def make_old(server, execute):
    """Make databases with the predecessor's tables of a revision."""
    names = []

    def make(revision="r3", *more, rows=True):
        names.append(f"old_{uuid4().hex[:12]}")
        execute(server, f"CREATE DATABASE {names[-1]} STRATEGY file_copy")
        database = OldDatabase(server.set(database=names[-1]))
        database.execute(written(revision, rows), *more)
        return database

    yield make
    for name in names:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def old(make_old):
    return make_old()


@pytest.mark.parametrize("revision", ["r1", "r2", "r3"])
def test_every_revision_is_taken_over(make_old, revision):
    old = make_old(revision)
    told = old.report()
    assert (told["state"], told["revision"]) == ("adopted", revision)
    tables = [told["tables"][table] for table in TABLES]
    assert [table["read"] for table in tables] == [table["written"] for table in tables] == COUNTS
    assert old.is_adopted
    assert old.execute("SELECT version_num FROM alembic_version") == [(heads()[0],)]
    # Nothing was copied: sequences and indexes are where their tables are.
    names = "SELECT relname FROM pg_class WHERE relnamespace = 'predecessor'::regnamespace"
    assert {("users_id_seq",), ("ix_users_username",)} <= set(old.execute(names))


def test_dry_run_reports_the_same_and_leaves_all_as_it_was(old):
    before = old.fingerprint
    dry = old.report("--dry-run")
    assert old.fingerprint == before
    assert old.is_old
    wet = old.report()
    assert (dry.pop("state"), wet.pop("state")) == ("would_be_adopted", "adopted")
    assert (dry.pop("dry_run"), wet.pop("dry_run")) == (True, False)
    dry["plan"]["surroundings"].pop("sessions")
    wet["plan"]["surroundings"].pop("sessions")
    assert dry == wet


def test_second_time_there_is_nothing_to_do(old):
    first = old.adopt()
    assert first.exit_code == 0, first.output
    before = old.fingerprint
    second = old.adopt()
    assert second.exit_code == 0
    assert second.stdout.startswith("Nothing to do: adopted on 20")
    assert "2 of users, 2 of workflows, 4 of nodes, 1 of generations" in second.stdout
    assert old.fingerprint == before
