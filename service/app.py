"""Puts the parts of the service together."""

from flask import Flask

from app_server import canonical, operations, security
from app_server.observability import wiring as observability
from app_server.readiness import Readiness
from app_server.refusal import Refusals
from json_rows import consistency, work
from json_rows.errors import translate
from safe_migrations import schema_guard
from safe_migrations.revisions import heads
from serverless_postgres.database import Database
from serverless_postgres.url import parse
from service.api import generations, model_prices, nodes, users, workflows
from service.cli.dev import dev
from service.cli.groups import db, neon
from service.schema import project
from service.settings import Settings
from smorest_sqlmodel import problems, swagger_ui
from smorest_sqlmodel.openapi import Api, uuid_parameter
from smorest_sqlmodel.path import UUIDConverter

DESCRIPTION = """The system of record of an AI trip planner.

Errors are problem details (RFC 9457). Lists are cut by `cursor`; the next page is in `next_cursor`
and in the `Link` header. Every POST takes an `Idempotency-Key`.
"""

DOCUMENT = {
    "info": {
        "description": DESCRIPTION,
        "contact": {"name": "The trip planner service's authors"},
        "license": {"name": "MIT", "identifier": "MIT"},
    },
    # Wherever the document was fetched from.
    "servers": [{"url": "/", "description": "This server."}],
    # There are no keys yet: whoever reaches the service may use it.
    "security": [],
}

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
    if settings.database_read_url:
        parse(settings.database_read_url, "DATABASE_READ_URL")
    app = Flask(__name__, static_folder=None)
    app.config.update(
        API_TITLE="Trip planner",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS=DOCUMENT,
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
    app.url_map.converters["uuid"] = UUIDConverter
    # Otherwise a name that begins with a slash is answered with a redirect to another name.
    app.url_map.merge_slashes = False
    problems.init_app(app, translate)
    app.wsgi_app = Refusals(app.wsgi_app)  # type: ignore[method-assign]
    security.init_app(app, settings)
    app.before_request(canonical.check)
    database = Database(settings)
    migrations = project(settings)
    work.init_app(app, database, settings)
    consistency.init_app(app, database.replica)
    guard = schema_guard.init_app(app, database, migrations)
    app.extensions["readiness"] = Readiness(database, guard)

    api = Api(app)
    api.register_converter(UUIDConverter, uuid_parameter)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(swagger_ui.blueprint)
    for path in ("/", "/docs"):
        app.add_url_rule(path, view_func=swagger_ui.lead_here)
    for group in (db, dev, neon):
        app.cli.add_command(group)
    # Last: it sees what all the layers before it answer.
    observability.init_app(app, database, settings, lambda: heads(migrations.versions))
    return app
