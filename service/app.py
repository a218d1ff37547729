"""Puts the parts of the service together."""

from flask import Flask

import json_rows
from app_server import canonical, operations, security
from app_server.observability import wiring as observability
from app_server.readiness import Readiness
from app_server.refusal import Refusals
from json_rows.errors import translate
from safe_migrations import schema_guard
from serverless_postgres.database import Database
from serverless_postgres.url import parse
from service.api import docs_page, generations, model_prices, nodes, users, workflows
from service.cli.dev import dev
from service.cli.groups import db, neon
from service.models.idempotency_key import IdempotencyKey
from service.settings import Settings
from smorest_sqlmodel import Api, UUIDConverter, problems, swagger_ui

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

PROBLEM_TYPES = "urn:trip-planner:problem:"
"""What the URIs of problem types begin with."""

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
    problems.init_app(app, translate, types=PROBLEM_TYPES)
    app.wsgi_app = Refusals(app.wsgi_app, PROBLEM_TYPES)  # type: ignore[method-assign]
    security.init_app(app, settings)
    app.before_request(canonical.check)
    database = Database(settings)
    json_rows.init_app(app, database, settings, answers=IdempotencyKey)
    guard = schema_guard.init_app(app, database)
    app.extensions["readiness"] = Readiness(database, guard)

    api = Api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs_page.make_blueprint())
    for path in ("/", "/docs"):
        app.add_url_rule(path, view_func=swagger_ui.lead_here)
    for group in (db, dev, neon):
        app.cli.add_command(group)
    # Last: it sees what all the layers before it answer.
    observability.init_app(app, database, settings)
    return app
