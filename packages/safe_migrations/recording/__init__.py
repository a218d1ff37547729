"""Runs revisions without a database, to learn their statements, and keeps them from other I/O."""
