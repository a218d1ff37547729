"""What the clients of one process know together: few workflows, on which all of them collide."""

import random
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

from .calls import CLOSED, Call, Kind, Request

SLOTS = 3
"""Workflows at a time; those that are closed are replaced now and then."""

RECENT = 24
"""How many requests are remembered, to be sent again."""


@dataclass(slots=True)
class Subject:
    """A workflow as clients know it."""

    id: str
    chooses_seq: bool
    """Whether clients choose the seq of some of its nodes."""
    is_exact: bool
    """Whether each change of it can be counted: no client sends what may be done twice."""
    version: int = 1
    highest_seq: int = 0
    is_closed: bool = False
    nodes: list[str] = field(default_factory=list)


class Board:
    """The workflows, and the requests that may be sent again."""

    def __init__(self) -> None:
        self.session = uuid4().hex
        self.user_id = str(uuid4())
        self._lock = threading.Lock()
        self._subjects: list[Subject] = []
        self._past: deque[Subject] = deque(maxlen=SLOTS)
        self._recent: deque[Request] = deque(maxlen=RECENT)
        self._queue: deque[Request] = deque()

    def wants_more(self, chance: random.Random) -> bool:
        """Tell whether it is time for another workflow."""
        with self._lock:
            closed = sum(subject.is_closed for subject in self._subjects)
            return len(self._subjects) < SLOTS or chance.random() < 0.04 * closed

    def pick(self, chance: random.Random) -> Subject:
        """Pick a workflow, rarely one that was replaced."""
        with self._lock:
            past = self._past if self._past and chance.random() < 0.05 else self._subjects
            return chance.choice([*past])

    def again(self, chance: random.Random) -> Request | None:
        """Pick a request to send once more, whoever sent it."""
        with self._lock:
            return chance.choice([*self._recent]) if self._recent else None

    def queue(self, requests: Iterable[Request]) -> None:
        """Have these requests sent at once, by whoever is free."""
        with self._lock:
            self._queue.extend(requests)

    def queued(self) -> Request | None:
        """Take the next of the requests that are to be sent at once, if there is one."""
        with self._lock:
            return self._queue.popleft() if self._queue else None

    def announce(self, request: Request) -> None:
        """Let others send this request, too, from now on."""
        with self._lock:
            self._recent.append(request)

    def note(self, call: Call, chance: random.Random) -> None:
        """Learn from an answer."""
        with self._lock:
            if call.request.made is Kind.WORKFLOW and call.shown(Kind.WORKFLOW):
                self._add(call.shown(Kind.WORKFLOW)[0]["id"], chance)
            for subject in (*self._subjects, *self._past):
                if subject.id == call.request.workflow or not call.request.workflow:
                    _learn(subject, call)

    def _add(self, workflow_id: str, chance: random.Random) -> None:
        known = (*self._subjects, *self._past)
        if any(subject.id == workflow_id for subject in known):
            return
        subject = Subject(workflow_id, chance.random() < 0.4, chance.random() < 0.6)
        for number, other in enumerate(self._subjects):
            if other.is_closed and len(self._subjects) >= SLOTS:
                self._past.append(other)
                self._subjects[number] = subject
                return
        self._subjects.append(subject)


def _learn(subject: Subject, call: Call) -> None:
    for row in call.shown(Kind.WORKFLOW):
        if row["id"] == subject.id:
            subject.version = max(subject.version, row.get("version", 0))
            subject.is_closed |= row.get("status") in CLOSED
    if call.request.made is Kind.NODE:
        for row in call.shown(Kind.NODE):
            subject.highest_seq = max(subject.highest_seq, row.get("seq", 0))
            if row["id"] not in subject.nodes:
                subject.nodes.append(row["id"])
