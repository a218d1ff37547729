"""`python -m service.cli.db ...` is `flask db ...` without waiting for Flask's imports."""

from service.cli.db.group import db

db(prog_name="flask db")
