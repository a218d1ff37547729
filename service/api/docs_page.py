"""The page `/docs`, which puts the trips of its examples back before they are tried out.

That is done on a developer's machine only, and where nobody is asked for a key: in production, with
a database elsewhere, or with AUTH=on, it writes nothing.
"""

from flask import Blueprint

from api_access.guard import guard
from json_rows.work import database, unit_of_work
from service.domain import examples
from smorest_sqlmodel import swagger_ui


def make_blueprint() -> Blueprint:
    """Make the page."""
    return swagger_ui.make_blueprint(
        "Trip planner",
        led_from=("/",),
        restore_examples=lambda: examples.restore(unit_of_work()),
        may_restore=lambda: database().is_of_developer and not guard().is_on,
    )
