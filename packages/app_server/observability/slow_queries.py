"""Statements that took too long are logged, and when asked with their plans."""

import logging
import queue
import re
import threading
from time import monotonic

from app_server.observability.exchange import Exchange, current, enter
from serverless_postgres.database import Database, Sent
from serverless_postgres.losses import original

logger = logging.getLogger(__name__)

PLAN_EVERY_S = 60.0
"""How long after one plan the next one of the same statement is asked for."""

_MOST_WAITING = 20
_MOST_STATEMENTS = 1000
_PLANNABLE = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
# A plan is not worth a queue behind a schema change, nor much of the server's time.
_EXPLAIN = (
    "SET TRANSACTION READ ONLY; SET LOCAL lock_timeout = '500ms'; "
    "SET LOCAL statement_timeout = '2s'; EXPLAIN "
)
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_NUMBERED = re.compile(r"\$(\d+)")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_NUMBER = re.compile(r"(?<![\w$.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\b")
_WITHOUT_VALUES = ("(cost=", "Workers Planned: ")


class SlowQueries:
    """Logs statements that take longer than a limit: their text with placeholders, no values."""

    def __init__(self, database: Database, limit_ms: int, *, with_plan: bool) -> None:
        self._limit_s = limit_ms / 1000
        self._plans = Plans(database) if with_plan else None

    def sent(self, sent: Sent) -> None:
        """Judge a round trip."""
        if sent.seconds < self._limit_s:
            return
        exchange = current()
        fields: dict[str, object] = {
            "duration_ms": round(sent.seconds * 1000, 3),
            "sql": sent.sql,
        }
        if exchange is not None:
            fields["route"] = exchange.route
        logger.warning("slow query", extra={"fields": fields})
        if self._plans and sent.error is None:
            self._plans.ask(sent, exchange)


class Plans:
    """Asks for plans in a thread of its own, on another connection than the request's.

    EXPLAIN without ANALYZE plans and never executes. It runs after the request's statement, with
    its parameters, each statement of a batch by itself.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: dict[str, float] = {}
        self._waiting: queue.Queue[tuple[Sent, Exchange | None]] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None

    def ask(self, sent: Sent, exchange: Exchange | None) -> None:
        """Have the plan of a statement logged, unless that was done just now."""
        now = monotonic()
        if now - self._asked.get(sent.sql, -PLAN_EVERY_S) < PLAN_EVERY_S:
            return
        if len(self._asked) >= _MOST_STATEMENTS:
            self._asked.clear()
        self._asked[sent.sql] = now
        try:
            self._waiting.put_nowait((sent, exchange))
        except queue.Full:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="plans", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            sent, exchange = self._waiting.get()
            enter(exchange)
            try:
                plan = self._explain(sent)
            except Exception as error:  # noqa: BLE001  the next one may have a plan
                logger.warning("no plan of a slow query: %s", type(original(error)).__name__)
            else:
                if plan:  # COMMIT has none.
                    fields = {"sql": sent.sql, "plan": plan}
                    logger.warning("plan of a slow query", extra={"fields": fields})
            enter(None)

    def _explain(self, sent: Sent) -> str:
        plans = []
        for statement in plannable(sent.sql):
            with self._database.transaction() as connection:
                sql = _EXPLAIN + statement
                # nosemgrep: sql-of-pieces  what the service has just sent
                rows = connection.exec_driver_sql(sql, dict(sent.parameters or {})).all()
            plans.append("\n".join(row[0] for row in rows))
        return without_values("\n\n".join(plans))


def plannable(sql: str) -> list[str]:
    """Take the statements out of a batch that have a plan; placeholders (`%(name)s`) stay.

    What is no SQL that Postgres's own parser knows has none.
    """
    import postgast  # noqa: PLC0415  its library is loaded only where plans are wanted

    names = list(dict.fromkeys(_PLACEHOLDER.findall(sql)))
    numbered = _PLACEHOLDER.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    source = numbered.replace("%%", "%").encode()
    try:
        statements = postgast.parse(source.decode()).stmts
    except postgast.PgQueryError:
        return []
    found = []
    for item in statements:
        if item.stmt.WhichOneof("node") in _PLANNABLE:
            end = item.stmt_location + item.stmt_len if item.stmt_len else len(source)
            text = source[item.stmt_location : end].decode().strip().replace("%", "%%")
            found.append(_NUMBERED.sub(lambda number: f"%({names[int(number[1]) - 1]})s", text))
    return found


def without_values(plan: str) -> str:
    """Hide texts and numbers in a plan's conditions: they may be values of the request."""
    lines = _TEXT.sub("'?'", plan).split("\n")
    return "\n".join(
        line if any(part in line for part in _WITHOUT_VALUES) else _NUMBER.sub("?", line)
        for line in lines
    )
