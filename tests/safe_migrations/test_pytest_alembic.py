"""The checks of pytest-alembic, as anybody would run them on this project."""

import pytest
from pytest_alembic.config import Config
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace

__all__ = [
    "test_downgrade_leaves_no_trace",
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def alembic_config(root):
    """This project's configuration."""
    return Config({"file": str(root / "alembic.ini"), "script_location": str(root / "migrations")})


@pytest.fixture
def alembic_engine(engine):
    """An empty database."""
    return engine
