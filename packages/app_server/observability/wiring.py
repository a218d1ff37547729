"""Makes a service observable: what is switched on by the settings, and nothing else."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

from app_server.observability import logs
from app_server.observability.exchange import Work, current
from app_server.observability.middleware import Listener, Observer
from app_server.observability.places import Places
from app_server.settings import ServerSettings
from app_server.target import traits_of
from plain_commands.errors import ConfigurationError
from serverless_postgres.database import Database

if TYPE_CHECKING:
    from app_server.observability.metrics import Metrics

logger = logging.getLogger(__name__)


def observe(
    app: Flask,
    settings: ServerSettings,
    *,
    database: Database | None = None,
    work: Callable[[], Work | None] = lambda: None,
    schema_wanted: Callable[[], str] | None = None,
    loggers: Iterable[str] = (),
) -> None:
    """Make an app observable: its log, and as the settings say its metrics, traces, slow queries.

    To be called last: what wraps the app afterwards stays unseen. `database` is the one whose round
    trips are measured; `work` gets what the current request has done there. `schema_wanted` says
    which revision of the schema the code wants: then there are metrics of that, for which
    `note_schema` says what the database has. `loggers` are those of other libraries that LOG_LEVEL
    is for as well.

    Raises ConfigurationError when metrics can't be kept, and traces can't be sent anywhere.
    """
    logs.configure(settings, loggers)
    begins: list[Listener] = []
    ends: list[Listener] = [logs.log_exchange]
    _init_traces(app, database, settings, begins, ends)
    if settings.metrics == "on":
        metrics = _init_metrics(app, settings, begins, ends)
        metrics.schema_wanted = schema_wanted
        if database is not None:
            metrics.watch(database)
    if settings.slow_query_ms and database is not None:
        from app_server.observability.slow_queries import SlowQueries  # noqa: PLC0415  seldom on

        slow = SlowQueries(
            database, settings.slow_query_ms, with_plan=settings.slow_query_plan == "on"
        )
        database.listeners.append(slow.sent)

    def note(_: BaseException | None) -> None:
        """Keep hold of what Flask forgets: the route, and the work, which is yet to be closed.

        Its figures are final only then.
        """
        exchange = current()
        if exchange is not None:
            exchange.rule = request.url_rule
            exchange.work = work()

    app.teardown_request(note)
    observer = Observer(app.wsgi_app, Places(app.url_map), begins, ends)
    app.wsgi_app = observer  # type: ignore[method-assign]


def note_schema(revision: str, *, is_ahead: bool = False) -> None:
    """Remember which revision the database has: metrics must not ask it.

    It is empty where the database has none; `is_ahead` is one that is newer than the code, which
    can run on it.
    """
    metrics: Metrics | None = current_app.extensions.get("metrics")
    if metrics is not None:
        metrics.note_schema(revision, is_ahead=is_ahead)


def note_uncounted() -> None:
    """Count a request that was let through though it could not be counted for its caller."""
    metrics: Metrics | None = current_app.extensions.get("metrics")
    if metrics is not None:
        metrics.note_uncounted()


def _init_metrics(
    app: Flask, settings: ServerSettings, begins: list[Listener], ends: list[Listener]
) -> "Metrics":
    # Imported only where it is on: it takes as long as Flask.
    from app_server.observability.metrics import metrics_in  # noqa: PLC0415
    from app_server.observability.shared_folder import default_folder  # noqa: PLC0415

    given = settings.prometheus_multiproc_dir
    metrics = metrics_in(Path(given) if given else default_folder(settings.otel_service_name))
    app.extensions["metrics"] = metrics

    def show_metrics() -> Response:
        text, media_type = metrics.text(request.headers.get("Accept", ""))
        return Response(text, content_type=media_type)

    app.add_url_rule("/metrics", view_func=show_metrics)
    # It touches no database, but files.
    traits_of(app).apart.add(b"/metrics")
    begins.append(metrics.begin)
    ends.append(metrics.end)
    return metrics


def _init_traces(
    app: Flask,
    database: Database | None,
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
            "no traces: pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
        )
        return
    traces = Traces(endpoint, settings.otel_service_name, database)
    app.extensions["traces"] = traces
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
