"""Deliberate faults of the service, which the checks must find, each by itself.

They are in the SQL as it goes out, or in the requests as they come in, so that the service's own
code is what runs. What a fault looks for in the SQL is loose, and must be found: one that never
strikes proves nothing.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

_STATUS_CONDITION = r"\.status\s*(?:=\s*ANY\s*|IN\s*)\((?:[^()]|\([^()]*\))*\)"
_ONE = r"(?:1\b|%\(\w+\)s)"
_LOCK = re.compile(r"\bFOR\s+NO\s+KEY\s+UPDATE\b", re.IGNORECASE)
_STALE_S = 0.2


def _closes(sql: str) -> bool:
    return re.search(r"\bactive_ms\s*=", sql) is not None


def _adds(table: str, sql: str) -> bool:
    return re.search(rf"\bINSERT\s+INTO\s+{table}\b", sql, re.IGNORECASE) is not None


def _only_reads_by_body(sql: str) -> bool:
    is_write = re.search(r"\b(?:INSERT|UPDATE|DELETE|SAVEPOINT)\b", sql, re.IGNORECASE)
    return "json_populate_record" in sql and is_write is None


def _always(sql: str) -> bool:  # noqa: ARG001  a condition on all SQL
    return True


@dataclass(frozen=True, slots=True)
class Defect:
    """A fault: in SQL of which `concerns` holds, `pattern` is replaced, each `every`-th time.

    Or `around` is put around the application.
    """

    name: str
    says: str
    pattern: str = ""
    replacement: str = ""
    concerns: Callable[[str], bool] = _always
    every: int = 1
    is_unlocked: bool = False
    """Whether the lock goes, too."""
    around: Callable[[Application, Callable[[], None]], Application] | None = None
    """Takes the application and what is to be called when the fault strikes."""

    def rewritten(self, sql: str) -> str:
        """Put the fault into SQL; it is unchanged where the fault has nothing to look for."""
        if not self.pattern or not self.concerns(sql):
            return sql
        broken = re.sub(self.pattern, self.replacement, sql, count=0, flags=re.IGNORECASE)
        if broken == sql or not self.is_unlocked:
            return broken
        return _LOCK.sub("", broken)


def _forget_keys(application: Application, strike: Callable[[], None]) -> Application:
    def forgetful(environment: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environment.pop("HTTP_IDEMPOTENCY_KEY", None):
            strike()
        return application(environment, start)

    return forgetful


def _cache_reads(application: Application, strike: Callable[[], None]) -> Application:
    """Keep the answers to GETs for a moment, as a cache would that nobody asked for."""
    kept: dict[str, tuple[float, Any, list[bytes]]] = {}
    lock = threading.Lock()

    def caching(environment: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environment["PATH_INFO"] + "?" + environment.get("QUERY_STRING", "")
        if environment["REQUEST_METHOD"] != "GET" or not path.startswith("/v1/workflows/"):
            return application(environment, start)
        environment.pop("HTTP_IF_NONE_MATCH", None)
        with lock:
            at, begun, body = kept.get(path, (0.0, None, []))
        if time.monotonic() - at < _STALE_S:
            strike()
            start(*begun)
            return body
        said: list[Any] = []
        at = time.monotonic()
        answer = application(environment, lambda *rest: said.append(rest))
        body = [*answer]
        if close := getattr(answer, "close", None):
            close()
        if said[0][0].startswith("200"):
            with lock:
                kept[path] = at, said[0], body
        start(*said[0])
        return body

    return caching


DEFECTS = {
    defect.name: defect
    for defect in (
        Defect(
            "no-lock",
            "whoever changes a workflow or its nodes takes no lock",
            pattern=_LOCK.pattern,
        ),
        Defect(
            "nodes-after-the-end",
            "a closed workflow takes nodes",
            pattern=r"\bworkflows" + _STATUS_CONDITION,
            replacement="true",
            concerns=partial(_adds, "nodes"),
        ),
        Defect(
            "second-end",
            "an end overwrites an end",
            pattern=r"\bworkflows" + _STATUS_CONDITION,
            replacement="true",
            concerns=_closes,
        ),
        Defect(
            "open-nodes-left",
            "the nodes of a closed workflow stay as they are",
            pattern=r"\bnodes" + _STATUS_CONDITION,
            replacement="false",
            concerns=_closes,
        ),
        Defect(
            "seq-by-count",
            "seq is a count of nodes, taken outside of the lock",
            pattern=r"coalesce\((\w+\.seq),\s*(\w+)\.last_node_seq\)",
            replacement=r"coalesce(\1, (SELECT count(*) + 1 FROM nodes AS other"
            r" WHERE other.workflow_id = \2.id))",
            concerns=partial(_adds, "nodes"),
            is_unlocked=True,
        ),
        Defect(
            "seq-with-holes",
            "seq skips a number, now and then",
            pattern=r"(last_node_seq\s*\+\s*)",
            replacement=r"\g<1>1 + ",
            concerns=partial(_adds, "nodes"),
            every=10,
        ),
        Defect(
            "generation-not-counted",
            "a generation is not counted, now and then",
            pattern=rf"(\bgeneration_count\s*\+\s*){_ONE}",
            replacement=r"\g<1>0",
            concerns=partial(_adds, "generations"),
            every=10,
        ),
        Defect(
            "version-kept",
            "a change leaves the version as it was, now and then",
            pattern=rf"(\bversion\s*\+\s*){_ONE}",
            replacement=r"\g<1>0",
            every=10,
        ),
        Defect(
            "not-recognised",
            "what was done already is not recognised when it is tried again",
            pattern=r"\bWHERE\b",
            replacement="WHERE false AND",
            concerns=_only_reads_by_body,
        ),
        Defect(
            "open-wait-forgotten",
            "the wait that an end cuts short is the agent's time",
            pattern=r"coalesce\(interactions\.answered_at, ",
            replacement="coalesce(interactions.answered_at, interactions.requested_at, ",
            concerns=_closes,
        ),
        Defect(
            "answer-not-recognised",
            "an answer that comes again answers the next question, too",
            pattern=r"\binteractions\.answer_id = said\.id\b",
            replacement="false",
        ),
        Defect(
            "commit-lost",
            "a transaction is rolled back and acknowledged, now and then",
            pattern=r"\bCOMMIT$",
            replacement="ROLLBACK",
            every=10,
        ),
        Defect("keys-forgotten", "Idempotency-Key is not looked at", around=_forget_keys),
        Defect("stale-reads", "reads are kept in a cache for a moment", around=_cache_reads),
    )
}
