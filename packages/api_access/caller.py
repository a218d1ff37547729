"""Who sends the current request, and what they may do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from flask import g

from api_access.api_key import Scope
from json_rows import Asker

_INCLUDED = {
    Scope.INGEST: frozenset({Scope.INGEST}),
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.INGEST, Scope.READ, Scope.WRITE}),
    Scope.ADMIN: frozenset(Scope),
}


def including(scopes: Collection[Scope]) -> frozenset[Scope]:
    """Add to scopes all that they include."""
    return frozenset().union(*(_INCLUDED[scope] for scope in scopes))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a name that stays the same for them, what they may do, and on whose rows.

    `scopes` are all that they have, those that others include, too. Without an `owner` they may
    touch all rows. `key_id` is the key that they sent, `expires_at` from when on it is refused.
    """

    principal: str
    scopes: frozenset[Scope]
    owner: UUID | None = None
    key_id: UUID | None = None
    expires_at: datetime | None = None

    @property
    def reads(self) -> bool:
        """Whether answers may show them rows."""
        return Scope.READ in self.scopes


RECORDED = frozenset({"id", "status", "seq"})
"""What is shown of rows to whoever only records them: enough to go on with."""

ANYBODY = Caller("anonymous", frozenset(Scope))
"""Who calls where nobody is asked who they are."""

NOBODY = Caller("nobody", frozenset())
"""Who calls what is public."""


def caller() -> Caller:
    """Tell who sends the current request; nobody, before they have been asked."""
    return cast("Caller", g.get("caller", NOBODY))


def enter(found: Caller) -> None:
    """Note who sends the current request."""
    g.caller = found
    # What is public nobody in particular reads.
    g.asker = _asker_of(found, reads=found.reads or found is NOBODY)


def asker() -> Asker:
    """Tell `json_rows` who asks; before they have been asked, that is nobody, who sees nothing."""
    return cast("Asker", g.get("asker", _UNASKED))


def _asker_of(found: Caller, *, reads: bool) -> Asker:
    """Tell who asks.

    Who may read is another one than who may not: the answers that are kept for the one hold what
    the other must not see.
    """
    name = found.principal if reads else f"{found.principal} without reading"
    return Asker(name, found.owner, None if reads else RECORDED)


_UNASKED = _asker_of(NOBODY, reads=False)
