"""`flask db`: the commands that ship schema changes, one file per command or family of them."""

from service.cli.db.group import db

__all__ = ["db"]
