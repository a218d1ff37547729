"""A table of many rows, and backfills that run in processes of their own."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import pytest
from sqlalchemy import URL, Engine

from safe_migrations.backfill import Backfill
from safe_migrations.backfill.runner import Pace, Runner
from serverless_postgres.mark import Mark

MARK = Mark("app")
COUNT_UP = Backfill("count_up", table="counters", set={"n": "n + 1"})
ROWS = 100_000


@pytest.fixture
def counters(engine: Engine) -> Callable[..., None]:
    """Make the table `counters`, whose every `n` is 0."""

    def make(rows: int = ROWS) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE counters (id bigint PRIMARY KEY, n integer NOT NULL DEFAULT 0)"
            )
            connection.exec_driver_sql(
                f"INSERT INTO counters SELECT 7 * i FROM generate_series(1, {rows}) AS i"
            )

    return make


@pytest.fixture
def fill(engine: Engine) -> Callable[..., Any]:
    """Run a backfill to its end in this process; returns its position."""

    def fill(backfill: Backfill = COUNT_UP, **options: Any) -> Any:
        pace = {"pause_s": 0.0, **options.pop("pace", {})}
        anew = options.pop("anew", lambda _: False)
        with Runner(
            options.pop("engine", engine), backfill, Pace(**pace), MARK, **options
        ) as runner:
            return runner.run(anew=anew)

    return fill


@dataclass
class Processes:
    """Starts processes that run COUNT_UP in small batches on a database, a dot per batch."""

    url: URL

    def start(self, **pace: float) -> subprocess.Popen[str]:
        chosen = {"batch_rows": 500, "target_s": 0.005, "pause_s": 0.0, **pace}
        url = self.url.render_as_string(hide_password=False)
        code = f"""
            from sqlalchemy import create_engine
            from safe_migrations.backfill import Backfill
            from safe_migrations.backfill.runner import Pace, Runner
            from serverless_postgres.mark import Mark

            fill = {COUNT_UP!r}
            tell = lambda position: print(position.rows_seen, flush=True)
            pace = Pace(**{chosen!r})
            with Runner(create_engine({url!r}), fill, pace, Mark("app"), progress=tell) as runner:
                runner.run()
        """
        return subprocess.Popen(
            [sys.executable, "-c", dedent(code)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def processes(empty_database: URL) -> Processes:
    """Run backfills in other processes, which can be killed."""
    return Processes(empty_database)
