"""Any models into any others: up, down and up again, each time as the models themselves make it.

`PAIRS=500 pytest tests/safe_migrations/autogenerate/test_pairs.py` takes as many at random, and
shrinks what fails, which takes minutes.
"""

import os
import re
import shutil
import warnings
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, note, settings
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError, SAWarning

from tests.safe_migrations.autogenerate.conftest import Drifting
from tests.safe_migrations.autogenerate.pairs import Models, pairs

MANY = os.environ.get("PAIRS")


@settings(
    max_examples=int(MANY or 16),
    derandomize=not MANY,
    phases=[Phase.generate, *([Phase.shrink] if MANY else [])],
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pair=pairs())
def test_a_pair_of_models_goes_up_and_down_and_up(drifting: Drifting, pair: tuple[Models, Models]):
    before, after = (models.metadata() for models in pair)
    _without_formatting(drifting)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Cannot correctly sort tables", SAWarning)
        there, wanted = _made(drifting, before), _made(drifting, after)
        assume(there is not None and wanted is not None)
        _made(drifting, before)
        _go(drifting, after, there, wanted)


def _without_formatting(drifting: Drifting) -> None:
    """Spare the files their linter, which takes longer than all else."""
    text = drifting.ini.read_text(encoding="utf-8")
    drifting.ini = drifting.folder / "alembic.ini"
    text = re.sub(r"\[post_write_hooks\][^\[]*", "", text)
    drifting.ini.write_text(text, encoding="utf-8")


def _go(drifting: Drifting, after: MetaData, there: Any, wanted: Any) -> None:
    shutil.rmtree(drifting.folder / "versions")
    (drifting.folder / "versions").mkdir()
    drifting.metadata = after
    # Where a number becomes a time, it is asked what it counts.
    drifting.attributes = {"no_renames": True, "ask": lambda question: " seconds" in question}
    drifting.migrate()
    note("\n".join(file.partition("depends_on")[2] for file in drifting.files()))
    drifting.run("upgrade", "head")
    assert drifting.differences() == []
    assert _readable(drifting) == wanted
    drifting.run("downgrade", "base")
    assert _readable(drifting) == there
    drifting.run("upgrade", "head")
    assert _readable(drifting) == wanted


def _made(drifting: Drifting, metadata: MetaData) -> Any:
    """Make models in an empty database; None when Postgres can't."""
    drifting.change("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    try:
        metadata.create_all(drifting.engine)
    except DBAPIError:
        return None
    return _readable(drifting)


def _readable(drifting: Drifting) -> list[str]:
    """Write the catalog without the casts that Postgres adds to those of a text it has printed."""
    casts = re.compile(r"::character varying|::text|\[\]|[()]")
    return [casts.sub("", str(row)) for row in drifting.catalog() if row[1] != "alembic_version"]
