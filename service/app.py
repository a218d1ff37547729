"""Puts the parts of the service together."""

import psycopg2
from flask import Flask, Response

import api_access
import json_rows
from app_server import init_app, note_schema, observe, operations
from app_server.readiness import PROBE_S, Readiness, Schema
from json_rows import work
from json_rows.errors import translate
from json_rows.unit_of_work import UnitOfWork
from plain_commands.errors import PlainError
from safe_migrations.project import Project
from safe_migrations.revisions import heads
from safe_migrations.schema_guard import SchemaGuard
from safe_migrations.standing import Standing
from serverless_postgres.database import Database
from serverless_postgres.url import parse
from service.api import (
    docs_page,
    exports,
    generations,
    interactions,
    itineraries,
    itinerary_items,
    itinerary_members,
    itinerary_versions,
    keys,
    model_prices,
    nodes,
    shared,
    shares,
    user_data,
    users,
    workflows,
)
from service.cli.dev import dev
from service.cli.groups import db, identities, neon
from service.cli.groups import keys as key_commands
from service.cli.groups import workflows as workflow_commands
from service.domain.users import OWNERS
from service.models.api_key import ApiKey
from service.models.audit_event import AuditEvent
from service.models.idempotency_key import IdempotencyKey
from service.schema import project
from service.settings import Settings
from smorest_sqlmodel import Api, UUIDConverter, problems
from smorest_sqlmodel.errors import ApiError

DESCRIPTION = """The system of record of an AI trip planner.

Errors are problem details (RFC 9457). Lists are cut by `cursor`; the next page is in `next_cursor`
and in the `Link` header. Every POST takes an `Idempotency-Key`. Where callers are asked for a key,
it is sent as `Authorization: Bearer KEY`; operations name the scope that it needs.
"""

DOCUMENT = {
    "info": {
        "description": DESCRIPTION,
        "contact": {"name": "The trip planner service's authors"},
        "license": {"name": "MIT", "identifier": "MIT"},
    },
    # Wherever the document was fetched from.
    "servers": [{"url": "/", "description": "This server."}],
}

PROBLEM_TYPES = "urn:trip-planner:problem:"
"""What the URIs of problem types begin with."""

LOGGERS = ("api_access", "json_rows", "safe_migrations", "serverless_postgres", "smorest_sqlmodel")
"""Whose lines belong to the service's own, as LOG_LEVEL has it."""

API_PREFIX = "/v1"
"""What the paths of all resources begin with."""

BLUEPRINTS = (
    users.blueprint,
    workflows.blueprint,
    nodes.blueprint,
    generations.blueprint,
    model_prices.blueprint,
    interactions.blueprint,
    keys.blueprint,
    shares.blueprint,
    shared.blueprint,
    exports.plans,
    exports.lists,
    itineraries.blueprint,
    itinerary_items.blueprint,
    itinerary_versions.blueprint,
    itinerary_members.blueprint,
    user_data.blueprint,
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
    )
    app.url_map.converters["uuid"] = UUIDConverter
    problems.init_app(app, translate, types=PROBLEM_TYPES)
    database = Database(settings)
    _init_libraries(app, settings, database)
    migrations = project(settings)
    _guard_schema(app, database, migrations)

    _mount(app)
    # Last: it sees what all the layers before it answer.
    observe(
        app,
        settings,
        database=database,
        work=work.work_so_far,
        schema_wanted=lambda: " ".join(heads(migrations.versions)),
        loggers=LOGGERS,
    )
    return app


def _init_libraries(app: Flask, settings: Settings, database: Database) -> None:
    """Give an app the libraries that its resources stand on."""
    init_app(
        app,
        settings,
        database,
        problem_types=PROBLEM_TYPES,
        headers_taken=json_rows.HEADERS_TAKEN + api_access.HEADERS_TAKEN,
        headers_exposed=json_rows.HEADERS_SENT + api_access.HEADERS_SENT,
    )
    api_access.init_app(
        app,
        database,
        settings,
        keys=ApiKey,
        audit=AuditEvent,
        prefix=API_PREFIX,
        owners=OWNERS,
    )
    json_rows.init_app(app, database, settings, answers=IdempotencyKey, asker=api_access.asker)
    api_access.forget_anybody(app)


def _mount(app: Flask) -> None:
    """Put all that is served, and the commands, into an app."""
    api = Api(app)
    api_access.document(api)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=API_PREFIX + (blueprint.url_prefix or ""))
    api.register_blueprint(operations.blueprint)
    app.register_blueprint(docs_page.make_blueprint())
    for group in (db, dev, identities, key_commands, neon, workflow_commands):
        app.cli.add_command(group)


def _guard_schema(app: Flask, database: Database, migrations: Project) -> None:
    """Keep the app from working on a schema that it can't work on, and tell others what it has."""

    def seen(found: Standing) -> None:
        note_schema(" ".join(found.stored or ()), is_ahead=found.is_ahead and found.can_be_served)

    guard = SchemaGuard(migrations, lambda: UnitOfWork(database), seen)

    def explain(error: psycopg2.ProgrammingError) -> Response:
        work.unit_of_work().close()  # Whoever waits for a second connection may wait for himself.
        try:
            guard.explain()
        except (ApiError, PlainError, psycopg2.Error) as trouble:
            return problems.from_exception(trouble)
        return problems.from_exception(error)

    def look() -> Schema:
        with UnitOfWork(database, budget_s=PROBE_S) as probe:
            found = guard.look(probe)
        return Schema(" ".join(found.stored or ()), None if found.is_at_head else str(found))

    app.extensions["schema_guard"] = guard
    app.register_error_handler(psycopg2.ProgrammingError, explain)
    Readiness(database, look, lambda: guard.is_known).init_app(app)
    if replica := database.replica:

        def check_replica() -> None:
            with UnitOfWork(database, budget_s=0, server=replica.server) as probe:
                guard.check_replica(probe)

        replica.check = check_replica
