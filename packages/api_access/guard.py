"""Asks each request who sends it, before anything else of it is looked at."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from flask import Response, current_app, request

from api_access.access import EXTENSION, READS, Access, stated, usual
from api_access.caller import ANYBODY, NOBODY, Caller, caller, enter
from api_access.credentials import bearer_of
from api_access.errors import InsufficientScopeError, UnauthorizedError, refused, unreadable
from api_access.key_format import KeyFormat
from api_access.keys import Keys, RefusedKeyError
from api_access.notes import Denial, Notes
from api_access.rate_limits import Limits
from app_server.hosts import is_this_machine
from smorest_sqlmodel.errors import ForbiddenError, MisconfiguredError
from smorest_sqlmodel.path import template_of

if TYPE_CHECKING:  # Where no tokens are taken, nobody waits for the import of cryptography.
    from api_access.tokens import Tokens

_METHODS = READS | {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
Headers = list[tuple[bytes, bytes]]

WATCH_S = 1.0
"""How often it is seen to, while an answer is being sent, that the key is still good."""


@dataclass(frozen=True)
class Guard:
    """Lets callers in who have what is needed.

    What is below the prefix, and every view of an `api_access.Blueprint`, is guarded, also paths
    that lead nowhere: to strangers they look like those that lead somewhere. `others` are further
    paths, by what they need. `is_public` tells of a method and a path, as it was sent, whether they
    are for anybody. Without `is_on` nobody is asked; `is_said` is false where nobody has said so,
    and only this machine may be served.
    """

    keys: Keys
    key_format: KeyFormat
    notes: Notes
    prefix: str
    others: dict[str, Access]
    tokens: "Tokens | None"
    limits: Limits
    is_public: Callable[[str, bytes], bool]
    is_on: bool
    is_said: bool

    def check(self) -> None:
        """Note who calls; UnauthorizedError for strangers, ForbiddenError for who may not.

        Raises TooManyRequestsError for who has called too often.
        """
        needed = stated() or self.others.get(request.path)
        if needed is None and not f"{request.path}/".startswith(f"{self.prefix}/"):
            return
        if not self.is_on:
            self._check_machine()
            self._enter(ANYBODY)
            return
        if needed is not None and needed.scope is None:
            self._enter(NOBODY)
            return
        try:
            found = self._caller(is_fresh=needed is not None and needed.fresh)
        except RefusedKeyError as error:
            self._note(error.key_id, "refused")
            raise
        self._enter(found)
        if request.url_rule is None or request.method == "OPTIONS":
            return
        try:
            (needed or usual(request.method)).check(found)
        except InsufficientScopeError as error:
            self._note(found.key_id, f"lacks {error.scope}")
            raise
        except ForbiddenError:
            self._note(found.key_id, "is bound")
            raise

    def check_head(self, method: str, path: bytes, headers: Headers) -> None:
        """Raise UnauthorizedError for what can't be right, before a body is waited for."""
        if not self.is_on or not path.startswith(f"{self.prefix}/".encode()):
            return
        try:
            self._check_syntax(method, headers)
        except UnauthorizedError:
            # Looked up only now: nearly nobody who brings a body wants what is public.
            if not self.is_public(method, path):
                raise

    def _check_syntax(self, method: str, headers: Headers) -> None:
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) > 1:
            raise unreadable()
        if given or method not in READS:
            token = bearer_of(given[0].decode("latin-1") if given else None)
            if self.key_format.means_key(token):
                self.key_format.check(token)

    def watch(self, response: Response) -> Response:
        """Have a long answer cut when the key that has asked for it is no longer good."""
        found = caller()
        if response.is_streamed and found.key_id:
            key = bearer_of(request.environ.get("HTTP_AUTHORIZATION"))
            parts = cast("Iterator[bytes]", response.response)
            response.response = self._while_good(parts, key, request.remote_addr)
        return response

    def _while_good(self, parts: Iterator[bytes], key: str, address: str | None) -> Iterator[bytes]:
        checked = time.monotonic()
        try:
            for part in parts:
                # Some answers have a part for each row.
                if time.monotonic() - checked > WATCH_S:
                    self.keys.caller_of(key, address)
                    checked = time.monotonic()
                yield part
        finally:
            getattr(parts, "close", lambda: None)()

    def _enter(self, found: Caller) -> None:
        """Note who calls, and count it; what they may not do counts, too."""
        enter(found)
        if request.path not in self.others:
            self.limits.check(found)

    def _caller(self, *, is_fresh: bool) -> Caller:
        token = bearer_of(request.environ.get("HTTP_AUTHORIZATION"))
        if self.key_format.means_key(token):
            found = self.keys.caller_of(token, request.remote_addr, is_fresh=is_fresh)
            if found.key_id:
                self.notes.used(found.key_id)
            return found
        if self.tokens is not None:
            return self.tokens.caller_of(token, request.remote_addr)
        message = "This is no key of this service."
        raise refused(message)

    def _note(self, key_id: UUID | None, why: str) -> None:
        if key_id is not None:
            rule = template_of(request.url_rule.rule) if request.url_rule else "nothing"
            # Others are as long, and as many, as whoever sends them likes.
            method = request.method if request.method in _METHODS else "another method"
            self.notes.denied(Denial(key_id, why, f"{method} {rule}"))

    def _check_machine(self) -> None:
        """Raise MisconfiguredError where others are served and nobody said that they may all."""
        name = request.environ["SERVER_NAME"]
        if not (self.is_said or is_this_machine(name)):
            message = "AUTH is not set, and not only this machine is served: say AUTH=on or off."
            raise MisconfiguredError(message)


def guard() -> Guard:
    """Get the guard of the current app."""
    return cast("Guard", current_app.extensions[EXTENSION])


def new_key() -> str:
    """Make up a key for the current app's environment."""
    return guard().key_format.make()
