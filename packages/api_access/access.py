"""What a caller needs for an operation, said where its view is routed."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import RoutingException

from api_access.api_key import Scope
from api_access.caller import Caller
from api_access.errors import InsufficientScopeError
from smorest_sqlmodel.errors import ForbiddenError

MARK = "access"
"""Where a view's documentation says what its callers need."""

EXTENSION = "access"
"""Where an app keeps its guard."""

READS = frozenset({"GET", "HEAD"})
"""The methods that only read."""


@dataclass(frozen=True, slots=True)
class Access:
    """What callers need: a scope, none where it is public; `of_all` is for who is bound to nobody.

    Whoever is bound to a user has no business with what concerns everybody. `fresh` is where a key
    must be good now, not half a minute ago: one that is stolen must not make others.
    """

    scope: Scope | None
    of_all: bool = False
    fresh: bool = False

    def check(self, caller: Caller) -> None:
        """Raise ForbiddenError, which names what is missing."""
        if self.scope is not None and self.scope not in caller.scopes:
            raise InsufficientScopeError(self.scope)
        if self.of_all and caller.owner is not None:
            message = "This concerns everybody: it takes a key that is not bound to a user."
            raise ForbiddenError(message)


_READING, _WRITING = Access(Scope.READ), Access(Scope.WRITE)


def usual(method: str) -> Access:
    """Tell what an operation needs whose view says nothing."""
    return _READING if method in READS else _WRITING


def stated() -> Access | None:
    """Find what the view of the current request says; None where no such view is meant."""
    rule = request.url_rule
    return _said(current_app, rule.endpoint, request.method) if rule else None


def is_public(app: Flask, method: str, path: bytes) -> bool:
    """Tell whether what a method and a path, as it was sent, lead to is for anybody."""
    try:
        endpoint, _ = app.url_map.bind("").match(path.decode("latin-1"), method)
    except (HTTPException, RoutingException):
        return False
    found = _said(app, endpoint, method)
    return found is not None and found.scope is None


def _said(app: Flask, endpoint: str, method: str) -> Access | None:
    view: Any = app.view_functions.get(endpoint)
    said = getattr(view, "_apidoc", {}).get(MARK)
    return said(method) if said else None
