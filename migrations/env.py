"""Tells Alembic what to work on; for `alembic` and `flask db`, without importing flask."""

from alembic import context

from safe_migrations import run
from service.schema import project

run(context, project)
