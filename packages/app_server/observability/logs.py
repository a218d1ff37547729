"""The log of a process: all of it on stderr, as JSON or as text, and never with a secret.

The standard `logging` with two formatters of our own: python-json-logger takes 14 µs for the line
of a request and structlog 23 µs, where this takes 2 µs; writing it costs more than that, see
benchmarks/README.md.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, TextIO

from pydantic_core import to_json
from typing_extensions import override

from app_server.observability.exchange import Exchange, current
from app_server.observability.secrets import Secrets
from app_server.refusal import REFUSAL
from app_server.settings import ServerSettings
from smorest_sqlmodel.errors import OverloadedError

_access = logging.getLogger("service.access")
_threads = logging.getLogger("service.threads")

_OWN = ("service", __name__.partition(".")[0])

_OF_OTHERS = ("_granian", "granian.access")
"""Loggers that bring handlers of their own, whose lines ours takes over."""

_OF_OTHERS_FAULTS = frozenset({"asyncio", "werkzeug"})
"""Loggers that put an exception, its text included, below the first line of their messages."""

_REPEAT_AFTER_S = 60


def configure(settings: ServerSettings, loggers: Iterable[str] = ()) -> None:
    """Send the log of this process to stderr in the form that is set.

    LOG_LEVEL is for the service's own lines, and those of `loggers`. Other handlers stay. Called
    again, it changes the form. As JSON, what Python itself would write to stderr line by line,
    warnings and the errors of threads, goes through the log, too.
    """
    as_json = (settings.log_format or ("json" if settings.is_production else "text")) == "json"
    logging.captureWarnings(as_json)
    threading.excepthook = _log_thread_error if as_json else threading.__excepthook__
    secrets = Secrets(settings)
    _handler.setFormatter(JsonFormatter(secrets) if as_json else TextFormatter(secrets))
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    level = logging.getLevelNamesMapping()[settings.log_level]
    # Libraries are heard when they warn; what they tell at lower levels may hold values.
    root.setLevel(max(level, logging.WARNING))
    for name in (*_OWN, *loggers):
        logging.getLogger(name).setLevel(level)
    for name in _OF_OTHERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    werkzeug = logging.getLogger("werkzeug")
    if _is_not_of_a_request not in werkzeug.filters:
        werkzeug.addFilter(_is_not_of_a_request)
        werkzeug.addFilter(_with_exception)


def log_exchange(exchange: Exchange) -> None:
    """Write the line of a request."""
    if not _access.isEnabledFor(logging.INFO):
        return
    if isinstance(exchange.environ.get(REFUSAL), OverloadedError):
        # The server tells of them once a second. A line for each would halve, at least, what it
        # still answers in that time.
        return
    path, status, work = exchange.path, exchange.status, exchange.work
    fields: dict[str, Any] = {
        "method": exchange.method,
        "route": exchange.route,
        "path": path,
        "status": status,
        "duration_ms": round(exchange.seconds * 1000, 3),
        "database_ms": round(work.database_s * 1000, 3) if work else 0.0,
        "round_trips": work.round_trips if work else 0,
        "retries": work.retries if work else 0,
        "bytes": exchange.size,
    }
    # Without looking for the caller, which is known and takes as long as all the rest.
    record = _access.makeRecord(
        _access.name,
        logging.INFO,
        __file__,
        0,
        f"{exchange.method} {path} {status}",
        (),
        None,
        extra={"fields": fields},
    )
    _access.handle(record)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is stderr at the time, as tests and servers replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # the library only reads it
        return sys.stderr

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Log instead what is wrong with a record, such as arguments that don't fit its message."""
        error = sys.exc_info()
        if isinstance(error[1], OSError):  # There is nobody to read it.
            return
        record.msg, record.args = f"a line that could not be written: {record.msg!r}", ()
        record.exc_info, record.__dict__["fields"] = error, {}
        try:
            self.stream.write(self.format(record) + self.terminator)
        except OSError:
            return


class _Seldom(logging.Filter):
    """Lets OpenTelemetry tell only once a minute that its collector is away."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("opentelemetry"):
            return True
        if record.created - self._said.get(record.name, 0) < _REPEAT_AFTER_S:
            return False
        self._said[record.name] = record.created
        return True


class _Formatter(logging.Formatter):
    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets
        self._second = (0, "")

    def time(self, created: float) -> str:
        """Write a time (seconds since 1970) as RFC 3339 has it, in UTC, to the millisecond."""
        second, text = self._second
        if second != int(created):
            second = int(created)
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        return f"{text}.{int((created - second) * 1000):03d}Z"

    def exception(self, record: logging.LogRecord, exchange: Exchange | None) -> str | None:
        """Write the exception that a record tells of, without secrets and values."""
        if not record.exc_info or record.exc_info[1] is None:
            return None
        # Of a supervisor, which rarely has one, its libraries would double the memory.
        from app_server.observability.faults import told  # noqa: PLC0415

        return self._secrets.hide(told(record.exc_info[1]), exchange)

    def message(self, record: logging.LogRecord, exchange: Exchange | None) -> str:
        """Write the message of a record, without secrets."""
        if record.name == _access.name:
            return str(record.msg)
        if record.name in _OF_OTHERS_FAULTS:
            return self._secrets.hide(record.getMessage().partition("\n")[0], exchange)
        return self._secrets.hide(record.getMessage(), exchange)


class JsonFormatter(_Formatter):
    """One JSON object a line: time, level, logger, message, what the record has besides, ids."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        exchange = current()
        line: dict[str, Any] = {
            "time": self.time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record, exchange),
            **getattr(record, "fields", {}),
        }
        if exchange is not None:
            line["request_id"] = exchange.request_id
            line["trace_id"] = exchange.trace_id
        if exception := self.exception(record, exchange):
            line["exception"] = exception
        return to_json(line, fallback=str).decode()


class TextFormatter(_Formatter):
    """One line for people; SQL, plans and exceptions follow below."""

    _IN_MESSAGE = frozenset({"method", "route", "path", "status"})
    _BELOW = frozenset({"sql", "plan"})

    @override
    def format(self, record: logging.LogRecord) -> str:
        exchange = current()
        message = self.message(record, exchange)
        fields = getattr(record, "fields", {})
        pairs = [
            f"{name}={value}"
            for name, value in fields.items()
            if name not in self._IN_MESSAGE | self._BELOW
        ]
        if exchange is not None:
            pairs.append(f"request_id={exchange.request_id}")
        line = " ".join([self.time(record.created), f"{record.levelname:7}", message, *pairs])
        if not line.isprintable():
            # Nobody may write a line of this log by asking for a path with a line break in it.
            line = "".join(
                letter if letter.isprintable() else letter.encode("unicode_escape").decode()
                for letter in line
            )
        below = [fields.get("sql"), fields.get("plan"), self.exception(record, exchange)]
        return "\n".join([line, *filter(None, below)])


def _log_thread_error(arguments: threading.ExceptHookArgs) -> None:
    kind, error = arguments.exc_type, arguments.exc_value
    if error is not None and not issubclass(kind, SystemExit):
        name = arguments.thread.name if arguments.thread else "of an unknown name"
        _threads.error("the thread %s has failed", name, exc_info=error)


def _is_not_of_a_request(record: logging.LogRecord) -> bool:
    """Drop the line that Werkzeug's server writes of each request: ours is there, without query."""
    return "- - [" not in str(record.msg)


def _with_exception(record: logging.LogRecord) -> bool:
    """Give a line of Werkzeug's server the exception that it has written into its text."""
    if record.levelno >= logging.ERROR and not record.exc_info:
        record.exc_info = sys.exc_info()
    return True


_handler = _Stderr()
_handler.addFilter(_Seldom())
