"""Tells Alembic what to work on: the application of `flask db`, or the one in alembic.ini."""

from alembic import context

from safe_migrations import run

run(context)
