"""Makes a service observable: what is switched on by the settings, and nothing else."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from app_server.observability import logs
from app_server.observability.exchange import current
from app_server.observability.middleware import Listener, Observer
from app_server.observability.places import Places
from app_server.settings import ServerSettings
from plain_commands.errors import ConfigurationError
from safe_migrations.standing import Standing
from serverless_postgres.database import Database

if TYPE_CHECKING:
    from app_server.observability.metrics import Metrics

logger = logging.getLogger(__name__)


def init_app(
    app: Flask, database: Database, settings: ServerSettings, heads: Callable[[], Iterable[str]]
) -> None:
    """Make an app observable.

    To be called last: what wraps the app afterwards stays unseen. Its unit of work must have been
    set up before. Raises ConfigurationError when metrics have no place to be kept, and traces none
    to go to.
    """
    logs.configure(settings)
    begins: list[Listener] = []
    ends: list[Listener] = [logs.log_exchange]
    _init_traces(app, database, settings, begins, ends)
    _init_metrics(app, database, settings, begins, ends)
    if "metrics" in app.extensions:
        app.extensions["metrics"].heads = heads
    if settings.slow_query_ms:
        from app_server.observability.slow_queries import SlowQueries  # noqa: PLC0415  seldom on

        slow = SlowQueries(
            database, settings.slow_query_ms, with_plan=settings.slow_query_plan == "on"
        )
        database.listeners.append(slow.sent)
    app.teardown_request(_note)
    observer = Observer(app.wsgi_app, Places(app.url_map), begins, ends)
    app.wsgi_app = observer  # type: ignore[method-assign]


def note_schema(found: Standing) -> None:
    """Remember which revision the database has: metrics must not ask it."""
    metrics: Metrics | None = current_app.extensions.get("metrics")
    if metrics is not None:
        metrics.note_schema(found)


def _init_metrics(
    app: Flask,
    database: Database,
    settings: ServerSettings,
    begins: list[Listener],
    ends: list[Listener],
) -> None:
    if settings.metrics == "off":
        return
    # Imported only where it is on: it takes as long as Flask.
    from app_server.observability.metrics import metrics_in  # noqa: PLC0415
    from app_server.observability.shared_folder import default_folder  # noqa: PLC0415

    given = settings.prometheus_multiproc_dir
    metrics = metrics_in(Path(given) if given else default_folder())
    metrics.watch(database)
    app.extensions["metrics"] = metrics

    def show_metrics() -> Response:
        text, media_type = metrics.text(request.headers.get("Accept", ""))
        return Response(text, content_type=media_type)

    app.add_url_rule("/metrics", view_func=show_metrics)
    begins.append(metrics.begin)
    ends.append(metrics.end)


def _init_traces(
    app: Flask,
    database: Database,
    settings: ServerSettings,
    begins: list[Listener],
    ends: list[Listener],
) -> None:
    endpoint = settings.otel_exporter_otlp_endpoint
    if not endpoint:
        return
    check_endpoint(endpoint)
    try:
        from app_server.observability.traces import Traces  # noqa: PLC0415  an optional dependency
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        logger.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed, so there are "
            "no traces: pip install 'trip-planner-service[otel]'"
        )
        return
    traces = Traces(endpoint, settings.otel_service_name, database)
    app.extensions["traces"] = traces
    database.listeners.append(traces.sent)
    begins.append(traces.begin)
    ends.append(traces.end)


def check_endpoint(endpoint: str) -> None:
    """Raise ConfigurationError for what is no address: OpenTelemetry would only try, in vain."""
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        # Not the value itself, which may hold a password.
        message = "OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://127.0.0.1:4318."
        raise ConfigurationError(message)


def _note(_: BaseException | None) -> None:
    """Keep hold of what Flask forgets: the route, and the unit of work, which is yet to be closed.

    Its figures are final only then.
    """
    exchange = current()
    if exchange is not None:
        exchange.rule = request.url_rule
        exchange.work = g.get("work")
