"""What can be set of the server, and of its logs, metrics and traces."""

from dataclasses import dataclass

from plain_commands.settings.declared import Processes, setting


@dataclass(frozen=True, kw_only=True)
class ServerSettings(Processes):
    """Where and how a service is served, logged and measured."""

    host: str = setting("127.0.0.1", "Address on which the service is served.")
    port: int = setting(8000, "Port on which the service is served.", least=1, most=65535)
    worker_timeout_s: int = setting(
        15, "A process that gives no sign of life for so long is killed and replaced.", least=2
    )
    queue_size: int = setting(
        100, "Requests of a process that may wait for a thread; more get a 503.", least=0
    )
    queue_timeout_s: int = setting(
        10, "Longest wait for a thread before a 503; as for a connection.", least=1
    )
    max_connections: int = setting(
        1000, "Connections that a process holds; more wait to be accepted.", least=1
    )
    header_timeout_s: int = setting(
        75,
        "How long a connection may be idle, or its next request's head take to arrive.",
        least=1,
    )
    body_timeout_s: int = setting(
        30, "How long a body may stand still, or be slower than 16 KiB/s, before a 408.", least=1
    )
    drain_s: int = setting(
        1,
        "How long a process that stops still takes requests, and closes what they came by.",
        least=0,
    )
    grace_s: int = setting(
        25, "How long a process that stops may take for what it has begun.", least=1
    )
    max_body_bytes: int = setting(
        4 * 1024 * 1024, "Largest request body; beyond that the answer is 413.", least=1024
    )
    max_json_depth: int = setting(
        100, "Deepest nesting of a JSON body; beyond that the answer is 400.", least=10, most=200
    )
    max_json_values: int = setting(
        200_000, "Most values in a JSON body; beyond that the answer is 413.", least=1000
    )
    allowed_hosts: tuple[str, ...] = setting(
        (),
        "Names by which the service may be called; `.example.com` is that and all below. Not set: "
        "on a loopback address, what this machine calls itself; else any.",
    )
    cors_origins: tuple[str, ...] = setting(
        (), "Origins whose pages may call the service, such as https://app.example.com."
    )
    trusted_proxies: int = setting(
        0, "How many proxies in front of the service set X-Forwarded-For and -Proto.", least=0
    )
    hsts_s: int = setting(
        0, "For how long browsers are told to use nothing but HTTPS; only said over HTTPS.", least=0
    )
    log_format: str | None = setting(
        None,
        "How log lines are written. Not set: json in production, else text.",
        choices=("json", "text"),
    )
    log_level: str = setting(
        "INFO",
        "Lowest level at which the service's own lines are written.",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    metrics: str = setting("on", "Whether there is GET /metrics.", choices=("on", "off"))
    prometheus_multiproc_dir: str | None = setting(
        None,
        "Folder through which the processes of one server share their metrics. Not set: one in the "
        "system's temporary folder.",
    )
    slow_query_ms: int = setting(
        0, "Round trips to the database that take longer are logged; 0: none.", least=0
    )
    slow_query_plan: str = setting(
        "off", "Whether the plan of a slow query is logged with it.", choices=("on", "off")
    )
    otel_exporter_otlp_endpoint: str | None = setting(
        None, "Where traces are sent (OTLP over HTTP). Not set: there are none."
    )
    otel_service_name: str = setting("app", "The service's name in traces.")
    flask_run_from_cli: str | None = setting(
        None, "Set by the `flask` command itself; without it, a WSGI server runs the service."
    )
