"""The service's settings: the only reader of the process environment and of `.env`."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from service.env_file import read
from service.errors import ConfigurationError
from service.setting_value import parse
from service.spelling import meant_in_environment

ROOT = Path(__file__).resolve().parent.parent


def _setting(
    default: Any,
    description: str,
    *,
    least: int | None = None,
    most: int | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    bounds = {"description": description, "least": least, "most": most, "choices": choices}
    return field(default=default, metadata=bounds, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set from outside, typed and checked.

    Each field is read from the environment variable of the same name in upper case; the environment
    wins over `.env`, an empty value counts as not set.
    """

    app_env: str = _setting(
        "development",
        "In production nothing is embedded: DATABASE_URL must be set.",
        choices=("development", "production"),
    )
    database_url: str | None = _setting(
        None,
        "Postgres of the service; on Neon the pooled one. Not set: the embedded server, for "
        "development commands only.",
        secret=True,
    )
    database_read_url: str | None = _setting(
        None,
        "Postgres that replicates DATABASE_URL, for GETs. Not set: they read from DATABASE_URL.",
        secret=True,
    )
    direct_database_url: str | None = _setting(
        None,
        "Postgres for schema changes, past the pooler. Not set: DATABASE_URL.",
        secret=True,
    )
    neon_api_key: str | None = _setting(
        None, "Key of Neon's API, for `flask neon` and rehearsals on a branch.", secret=True
    )
    neon_project_id: str | None = _setting(None, "The project on Neon.")
    neon_branch_id: str | None = _setting(
        None,
        "The branch that is meant where none is named, and that rehearsals copy. Not set: the "
        "project's default branch.",
    )
    neon_api_url: str = _setting("https://console.neon.tech/api/v2", "Where Neon's API is.")
    flask_run_from_cli: str | None = _setting(
        None, "Set by the `flask` command itself; without it, a WSGI server runs the service."
    )
    host: str = _setting("127.0.0.1", "Address on which the service is served.")
    port: int = _setting(8000, "Port on which the service is served.", least=1, most=65535)
    workers: int = _setting(2, "Processes of the production server.", least=1)
    worker_timeout_s: int = _setting(
        15, "A process that gives no sign of life for so long is killed and replaced.", least=2
    )
    threads: int = _setting(
        8, "Requests that a process works on at a time; each may need a connection.", least=1
    )
    queue_size: int = _setting(
        100, "Requests of a process that may wait for a thread; more get a 503.", least=0
    )
    queue_timeout_s: int = _setting(
        10, "Longest wait for a thread before a 503; as for a connection.", least=1
    )
    max_connections: int = _setting(
        1000, "Connections that a process holds; more wait to be accepted.", least=1
    )
    header_timeout_s: int = _setting(
        75,
        "How long a connection may be idle, or its next request's head take to arrive.",
        least=1,
    )
    body_timeout_s: int = _setting(
        30, "How long a body may stand still, or be slower than 16 KiB/s, before a 408.", least=1
    )
    drain_s: int = _setting(
        1,
        "How long a process that stops still takes requests, and closes what they came by.",
        least=0,
    )
    grace_s: int = _setting(
        25, "How long a process that stops may take for what it has begun.", least=1
    )
    instance_dir: Path = _setting(  # noqa: RUF009  no different from dataclasses.field
        Path("instance"), "Folder of the embedded server's data (relative to the project)."
    )
    max_body_bytes: int = _setting(
        4 * 1024 * 1024, "Largest request body; beyond that the answer is 413.", least=1024
    )
    max_json_depth: int = _setting(
        100, "Deepest nesting of a JSON body; beyond that the answer is 400.", least=10, most=200
    )
    max_json_values: int = _setting(
        200_000, "Most values in a JSON body; beyond that the answer is 413.", least=1000
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (),
        "Names by which the service may be called; `.example.com` is that and all below. Not set: "
        "on a loopback address, what this machine calls itself; else any.",
    )
    cors_origins: tuple[str, ...] = _setting(
        (), "Origins whose pages may call the service, such as https://trips.example.com."
    )
    trusted_proxies: int = _setting(
        0, "How many proxies in front of the service set X-Forwarded-For and -Proto.", least=0
    )
    hsts_s: int = _setting(
        0, "For how long browsers are told to use nothing but HTTPS; only said over HTTPS.", least=0
    )
    log_format: str | None = _setting(
        None,
        "How log lines are written. Not set: json in production, else text.",
        choices=("json", "text"),
    )
    log_level: str = _setting(
        "INFO",
        "From which level on the service's own lines are written.",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    metrics: str = _setting("on", "Whether there is GET /metrics.", choices=("on", "off"))
    prometheus_multiproc_dir: str | None = _setting(
        None,
        "Folder through which the processes of one server share their metrics. Not set: one in the "
        "system's temporary folder.",
    )
    slow_query_ms: int = _setting(
        0, "Round trips to the database that take longer are logged; 0: none.", least=0
    )
    slow_query_plan: str = _setting(
        "off", "Whether the plan of a slow query is logged with it.", choices=("on", "off")
    )
    otel_exporter_otlp_endpoint: str | None = _setting(
        None, "Where traces are sent (OTLP over HTTP). Not set: there are none."
    )
    otel_service_name: str = _setting("trip-planner", "The service's name in traces.")
    pool_size: int = _setting(5, "Connections kept open, per process.", least=1)
    pool_max_overflow: int = _setting(10, "Connections opened beyond that under load.", least=0)
    instances: int = _setting(
        1,
        "How many servers share the database; a warning tells when it has too few connections.",
        least=1,
    )
    pool_timeout_s: int = _setting(10, "Wait for a free connection before a 503.", least=1)
    pool_recycle_s: int = _setting(240, "Age at which an idle connection is replaced.", least=1)
    pool_ping_idle_s: int = _setting(
        15, "A connection idle for longer is pinged before it is used.", least=0
    )
    connect_timeout_s: int = _setting(15, "Longest wait for one connection attempt.", least=2)
    connect_first_timeout_s: int = _setting(
        2, "Wait for each of the first two attempts; each later one gets twice as long.", least=2
    )
    # The most are the kernel's (Linux, include/net/tcp.h).
    keepalives_idle_s: int = _setting(
        1, "Silence after which TCP asks whether the server is there.", least=1, most=32767
    )
    keepalives_interval_s: int = _setting(
        1, "Time between two such questions.", least=1, most=32767
    )
    keepalives_count: int = _setting(
        3, "Unanswered ones until the connection is lost.", least=1, most=127
    )
    tcp_user_timeout_ms: int = _setting(
        3000, "Time until the connection is lost when what was sent is not acknowledged.", least=0
    )
    retry_budget_s: int = _setting(
        20,
        "For how long a request tries again when connections are lost, before a 503; a database "
        "that is away for longer is told of at once.",
        least=0,
    )
    statement_timeout_s: int = _setting(
        15, "Longest wait for the answer to a statement of a request.", least=1
    )
    read_timeout_s: int = _setting(
        3, "Longest wait for the replica's answer before the primary is asked.", least=1
    )
    schema_lock_timeout_ms: int = _setting(
        2000, "A schema change gives up a lock that it does not get in this time.", least=1
    )
    schema_retry_s: int = _setting(
        120,
        "For how long a schema change is tried again after that, or after a lost connection.",
        least=0,
    )
    schema_deploy_wait_s: int = _setting(600, "Wait for another deploy to finish.", least=0)
    schema_statement_timeout_s: int = _setting(
        0, "Longest statement of a schema change; 0 for no limit.", least=0
    )
    schema_connect_wait_s: int = _setting(
        10, "Wait for a server that is just starting, before a schema change.", least=0
    )
    schema_other_tables: tuple[str, ...] = _setting(
        (),
        "Tables of other applications, as names or patterns (legacy_*): nobody compares them with "
        "the models, or drops them.",
    )
    idempotency_ttl_hours: int = _setting(
        24, "How long an answer is kept for its Idempotency-Key.", least=1
    )
    idempotency_max_bytes: int = _setting(
        256 * 1024 * 1024,
        "Bytes of answers that are kept for one address (IPv6: one /64); beyond that requests with "
        "an Idempotency-Key get a 429.",
        least=1024,
    )

    @property
    def is_production(self) -> bool:
        """Whether nothing may be embedded."""
        return self.app_env == "production"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment over `.env`.

        Raises ConfigurationError, which names all that is wrong at once: values that can't be used,
        names that look like one of a setting, and what can't be read of `.env`.
        """
        known = {spec.name.upper(): spec for spec in fields(cls)}
        in_file, problems = ({}, []) if environ is not None else read(ROOT / ".env", known)
        texts = {**in_file, **(os.environ if environ is None else environ)}
        problems += _misspelt(texts.keys() - in_file.keys() - known.keys(), texts, known)
        values: dict[str, Any] = {}
        for name, spec in known.items():
            if text := texts.get(name, "").strip():
                try:
                    values[spec.name] = parse(name, text, spec.type, spec.metadata, ROOT)
                except ConfigurationError as error:
                    problems.append(error.detail)
        if problems:
            raise ConfigurationError(_all_of(problems))
        values.setdefault("instance_dir", ROOT / "instance")
        return cls(**values)


def _misspelt(
    names: Iterable[str], texts: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    """Say which names in the environment look like a setting, unless that one is set as well.

    Then it is not misspelt, and the other name is somebody else's.
    """
    for name in names:
        meant = meant_in_environment(name, known)
        if meant and texts[name] and not texts.get(meant):
            yield f"{name} is no setting: do you mean {meant}?"


def _all_of(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n  ".join([f"{len(problems)} things are wrong with the settings:", *problems])
