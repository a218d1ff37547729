"""Puts the parts of the service together."""

from flask import Flask
from flask_swagger_ui import get_swaggerui_blueprint

from service.api import (
    generations,
    model_prices,
    nodes,
    operations,
    problems,
    users,
    work,
    workflows,
)
from service.api.openapi import Api, uuid_parameter
from service.api.path import UUIDConverter
from service.api.schema_guard import SchemaGuard
from service.cli.db import db
from service.cli.dev import dev
from service.db.database import Database
from service.db.url import parse
from service.settings import Settings

DESCRIPTION = """The system of record of an AI trip planner.

Errors are problem details (RFC 9457). Lists are cut by `cursor`; the next page is in `next_cursor`
and in the `Link` header. Every POST takes an `Idempotency-Key`.
"""

BLUEPRINTS = (
    users.blueprint,
    workflows.blueprint,
    nodes.blueprint,
    generations.blueprint,
    model_prices.blueprint,
    operations.blueprint,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Make the service.

    The database is first touched by the first request that needs it. Raises ConfigurationError for
    settings that can't work.
    """
    settings = settings or Settings.load()
    if settings.database_url:
        parse(settings.database_url)
    app = Flask(__name__, static_folder=None)
    app.config.update(
        API_TITLE="Trip planner",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
    app.url_map.converters["uuid"] = UUIDConverter
    app.url_map.strict_slashes = False
    # Otherwise a name that begins with a slash is answered with a redirect to another name.
    app.url_map.merge_slashes = False
    problems.init_app(app)
    database = Database(settings)
    work.init_app(app, database)
    app.before_request(SchemaGuard(database).check)

    api = Api(app, spec_kwargs={"info": {"description": DESCRIPTION}})
    api.register_converter(UUIDConverter, uuid_parameter)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(
        get_swaggerui_blueprint(
            "/docs",
            "/openapi.json",
            # Swagger UI would send the document to a validator on the internet.
            config={"app_name": "Trip planner", "validatorUrl": None},
        )
    )
    for group in (db, dev):
        app.cli.add_command(group)
    return app
