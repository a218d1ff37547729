"""What a request has to pass before any of the resources looks at it."""

from http import HTTPStatus

from flask import current_app

from smorest_sqlmodel import Guard


def _check_schema() -> None:
    current_app.extensions["schema_guard"].check()


SCHEMA = Guard(_check_schema, errors=(HTTPStatus.SERVICE_UNAVAILABLE,))
"""The database has a schema that this code can work on."""
