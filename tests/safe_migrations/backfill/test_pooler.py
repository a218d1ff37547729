"""Backfills through PgBouncer in transaction mode, where sessions keep nothing."""

import pytest
from sqlalchemy import create_engine, pool

from safe_migrations.backfill import Backfill
from safe_migrations.backfill.runner import Pace, Runner
from serverless_postgres.mark import Mark
from tests.pooler import Pooler, needs_pooler


@pytest.fixture
def pooled(empty_database, tmp_path):
    """The URL of the empty database by way of PgBouncer."""
    with Pooler(empty_database, tmp_path / "pooler.log") as pooler:
        yield pooler.url(empty_database.database)


@needs_pooler
def test_every_row_is_changed_once(pooled, counters, fetch):
    counters(20_000)
    engine = create_engine(pooled, poolclass=pool.NullPool)
    backfill = Backfill("count_up", table="counters", set={"n": "n + 1"})
    with Runner(
        engine, backfill, Pace(batch_rows=500, target_s=0.01, pause_s=0), Mark("app")
    ) as runner:
        assert runner.run().rows_done == 20_000
    assert fetch("SELECT n, count(*) FROM counters GROUP BY n") == [(1, 20_000)]
