"""What the service counts, for Prometheus: requests, the database, the processes.

The worker processes of a server count into one folder, so that each of them answers `GET /metrics`
for all.
"""

import os
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from app_server.observability.exchange import Exchange, current
from app_server.observability.shared_folder import Counts, SharedFolder, unusable
from serverless_postgres.database import Database
from serverless_postgres.replica import ReadFrom

SAMPLE_EVERY_S = 5.0
"""How old at most what is not counted but looked at is: pools, and requests in flight."""

KEPT_S = 1.0
"""How long the text is kept: whoever asks more often costs nothing."""

_MOST_KEPT = 4
"""Texts are kept by media type, of which there may be as many as somebody makes up."""

RETRY_REASONS = ("connect", "lost", "deadlock")

_AHEAD = " ahead"
"""Marks revisions on which this code can run, though it does not have them."""

_DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_ROUND_TRIPS = (0, 1, 2, 3, 4, 5, 10)

_Counted = tuple[
    Callable[[], None],
    Callable[[float], None],
    Callable[[float], None],
    Callable[[float], None],
]


class Metrics:
    """The metrics of this process, and in its answers those of its siblings.

    One object per process and folder: prometheus-client knows one folder per process.
    """

    heads: Callable[[], Iterable[str]]
    """Names the newest revisions of the schema that the code has."""

    def __init__(self, folder: Path) -> None:
        self._folder = SharedFolder(folder)
        self._folder.enter()
        # nosemgrep: environment-outside-settings  the library reads it there
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.MmapedDict = Counts  # type: ignore[attr-defined]
        # The library chooses this by the environment when it is imported, which is too early: it
        # may have been imported by somebody else.
        values.ValueClass = values.MultiProcessValue()
        by_route = ("method", "route")
        self._requests = Counter(
            "http_requests", "Requests answered.", (*by_route, "status"), registry=None
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "From a request's arrival to its answer.",
            by_route,
            buckets=_DURATIONS_S,
            registry=None,
        )
        self._round_trips = Histogram(
            "database_round_trips",
            "Round trips to the database of a request that needs it.",
            by_route,
            buckets=_ROUND_TRIPS,
            registry=None,
        )
        self._waits = Histogram(
            "database_wait_seconds",
            "Time that a request spends waiting for the database, connecting included.",
            by_route,
            buckets=_DURATIONS_S,
            registry=None,
        )
        self._retries = Counter(
            "database_retries", "What was tried again, by reason.", ["reason"], registry=None
        )
        self._reads = Counter(
            "database_reads",
            "Reads that the replica could answer: it did (replica), or why the primary did.",
            ["outcome"],
            registry=None,
        )
        self._uncounted = Counter(
            "http_requests_uncounted",
            "Requests let through without a limit, as what counts them for it is away.",
            registry=None,
        )
        self._in_flight = _gauge("http_requests_in_flight", "Requests not yet answered.")
        self._pool = _gauge(
            "database_pool_connections",
            "Connections of the pools to primary and replica, of all processes: in_use, idle, "
            "beyond the pool's size (overflow), and how many there may be (limit).",
            ["server", "state"],
        )
        self._by_exchange: dict[tuple[str, str, int], _Counted] = {}
        self._open: set[Exchange] = set()
        self._databases: WeakSet[Database] = WeakSet()
        self.schema_wanted: Callable[[], str] | None = None
        """Says which revision of the database's schema the code wants, where it has revisions."""
        self._process = 0
        self._starting = threading.Lock()
        self._writing = threading.Lock()
        self._texts: dict[str, tuple[float, bytes]] = {}

    def watch(self, database: Database) -> None:
        """Count the retries and the connections of a database."""
        self._databases.add(database)
        database.retry_listeners.append(self._count_retry)
        database.read_listeners.append(self._count_read)

    def begin(self, exchange: Exchange) -> None:
        """Note that a request has come."""
        if self._process != os.getpid():
            self._enter_process()
        self._open.add(exchange)

    def end(self, exchange: Exchange) -> None:
        """Count a request that is answered."""
        self._open.discard(exchange)
        key = (exchange.method, exchange.route, exchange.status)
        counted = self._by_exchange.get(key) or self._counted(key)
        count, took, round_trips, waited = counted
        count()
        took(exchange.seconds)
        work = exchange.work
        # What never asked for a connection does not need the database.
        if work is not None and work.database_s:
            round_trips(work.round_trips)
            waited(work.database_s)

    def note_schema(self, revision: str, *, is_ahead: bool) -> None:
        """Remember the database's revision, for all processes; the metrics themselves never ask.

        It is empty where there is none. `is_ahead` is one that this code does not have, and on
        which it can run nevertheless.
        """
        seen = revision or "none"
        if is_ahead:
            seen += _AHEAD
        if self._read_schema() == seen:
            return
        # Where the folder was cleared away: whether the service is ready does not hang on that.
        with suppress(OSError):
            new = self._folder.path / f"schema-{os.getpid()}.new"
            new.write_text(seen, encoding="utf-8")
            new.rename(self._folder.path / "schema")

    def note_uncounted(self) -> None:
        """Count a request that was let through though it could not be counted for its caller."""
        self._uncounted.inc()

    def text(self, accept: str) -> tuple[bytes, str]:
        """Write the metrics of all processes; returns the text and its media type.

        It is written once for all who ask within KEPT_S.
        """
        if self._process != os.getpid():
            self._enter_process()
        encode, content_type = choose_encoder(accept)
        with self._writing:
            now = time.monotonic()
            self._texts = {
                kept: text for kept, text in self._texts.items() if now - text[0] < KEPT_S
            }
            if content_type not in self._texts and len(self._texts) >= _MOST_KEPT:
                encode, content_type = choose_encoder("")
            if content_type not in self._texts:
                self.sample()
                registry = CollectorRegistry()
                registry.register(self)
                self._texts[content_type] = (time.monotonic(), encode(registry))
            return self._texts[content_type][1], content_type

    def collect(self) -> Iterator[Metric]:
        """Collect all metrics, as prometheus-client asks for them."""
        yield from self._folder.collect()
        if self.schema_wanted is not None:
            yield from _schema_metrics(self._read_schema(), self.schema_wanted())
        yield from _process_metrics(self._folder.living())

    def sample(self) -> None:
        """Look at what is not counted: requests in flight, connections."""
        # Who asks for the metrics does not want to see himself.
        self._in_flight.set(len(self._open - {current()}))
        for server, pool in self._pools().items():
            for state, count in pool.items():
                self._pool.labels(server, state).set(count)

    def _pools(self) -> dict[str, Tally[str]]:
        """Add up the connections of all databases, by server and state."""
        found: dict[str, Tally[str]] = {}
        for database in list(self._databases):
            for server, pool in database.pools().items():
                counts = found.setdefault(server, Tally())
                for state in ("in_use", "idle", "overflow", "limit"):
                    counts[state] += getattr(pool, state)
        return found

    def _counted(self, key: tuple[str, str, int]) -> _Counted:
        # Looking a label up costs as much as counting does.
        method, route, status = key
        counted = (
            self._requests.labels(method, route, status).inc,
            self._durations.labels(method, route).observe,
            self._round_trips.labels(method, route).observe,
            self._waits.labels(method, route).observe,
        )
        self._by_exchange[key] = counted
        return counted

    def _count_retry(self, reason: str) -> None:
        self._retries.labels(reason).inc()

    def _count_read(self, outcome: ReadFrom) -> None:
        self._reads.labels(outcome.value).inc()

    def _enter_process(self) -> None:
        """Begin in a process: only now, as servers may fork after they have loaded the app."""
        with self._starting:
            if self._process == os.getpid():
                return
            self._folder.enter()
            self._open.clear()
            # A rate needs a zero to begin from.
            for reason in RETRY_REASONS:
                self._retries.labels(reason)
            for outcome in ReadFrom:
                self._reads.labels(outcome.value)
            self._process = os.getpid()
            threading.Thread(target=self._keep_sampling, name="metrics", daemon=True).start()

    def _keep_sampling(self) -> None:
        pause = threading.Event()
        while not pause.wait(SAMPLE_EVERY_S):
            self.sample()

    def _read_schema(self) -> str | None:
        try:
            return (self._folder.path / "schema").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None


@cache
def metrics_in(folder: Path) -> Metrics:
    """Get the metrics of this process, which it keeps in a folder.

    Raises ConfigurationError where it can't, as on a full disk.
    """
    try:
        return Metrics(folder)
    except OSError as error:
        raise unusable(folder, error) from error


def _gauge(name: str, documentation: str, labels: Iterable[str] = ()) -> Gauge:
    return Gauge(name, documentation, tuple(labels), registry=None, multiprocess_mode="livesum")


def _schema_metrics(seen: str | None, head: str) -> Iterator[Metric]:
    """Compare the revisions: the database's as last seen, None if it never was, and the code's."""
    current = None if seen is None else seen.removesuffix(_AHEAD)
    revision = GaugeMetricFamily(
        "schema_revision",
        "1; the revision of the database, as last seen, and the one that the code wants.",
        labels=["current", "head"],
    )
    revision.add_metric([current or "unknown", head], 1)
    yield revision
    if seen is not None:
        is_at_head = "1 while the database has the schema that the code wants, else 0."
        yield GaugeMetricFamily("schema_at_head", is_at_head, value=current == head)
        is_ahead = "1 while the database is ahead of the code, which serves nevertheless, else 0."
        yield GaugeMetricFamily("schema_ahead", is_ahead, value=seen.endswith(_AHEAD))


def _process_metrics(processes: Iterable[int]) -> Iterator[Metric]:
    """Read what the system knows of each process (Linux only)."""
    families: dict[str, Metric] = {}
    for process in sorted(processes):
        collector = ProcessCollector(pid=partial(int, process), registry=None)
        for metric in collector.collect():
            family = families.setdefault(
                metric.name, Metric(metric.name, metric.documentation, metric.type)
            )
            for sample in metric.samples:
                family.add_sample(sample.name, {"pid": str(process)}, sample.value)
    yield from families.values()
