"""Tokens of an issuer (JWT, RFC 7519) as the second way in, besides keys."""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from cachetools import LRUCache

from api_access.attempts import Attempts
from api_access.caller import Caller, including
from api_access.claims import EXPIRED, LEEWAY_S, Claims, ForgedTokenError, Rules
from api_access.errors import UnauthorizedError, refused
from api_access.identities import Identities, Owners
from api_access.issuer_settings import IssuerSettings
from api_access.jwks import check_url, fetch
from api_access.key_set import KeySet
from serverless_postgres.database import Database

KEPT_S = 30.0
"""How long it is known, per process, who sends a token: from before they were looked for."""

KEPT_UNKNOWN_S = 2.0
"""How long it is known that a token's subject is nobody here."""

MOST_KEPT = 10_000

_WELL_KNOWN = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found out about a token, and until when that is good (of the monotonic clock)."""

    claims: Claims
    caller: Caller | None
    until: float


class Tokens:
    """Tells who calls by their tokens."""

    def __init__(
        self, rules: Rules, keys: KeySet, identities: Identities, attempts: Attempts
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._identities = identities
        self._attempts = attempts
        # Only what the issuer has signed gets in: nobody else can push anything out.
        self._kept: LRUCache[bytes, _Known] = LRUCache(MOST_KEPT)
        self._lock = threading.Lock()

    def caller_of(self, token: str, address: str | None) -> Caller:
        """Tell who sends a token; UnauthorizedError says what is wrong with it.

        Raises TooManyRequestsError for an address that has sent too much that is not the issuer's.
        """
        digest = hashlib.sha256(token.encode()).digest()
        with self._lock:
            known = self._kept.get(digest)
        now = time.monotonic()
        if known is None or known.until < now:
            claims = self._read(token, address, is_known=known is not None)
            known = self._look_up(claims, now)
            with self._lock:
                self._kept[digest] = known
        elif (datetime.now(UTC) - known.claims.expires_at).total_seconds() >= LEEWAY_S:
            raise refused(EXPIRED)
        if known.caller is None:
            raise _nobody()
        return known.caller

    def _read(self, token: str, address: str | None, *, is_known: bool) -> Claims:
        if not is_known:
            self._attempts.check(address)
        try:
            return self._rules.read(token, self._keys.find)
        except ForgedTokenError:
            self._attempts.failed(address)
            raise

    def _look_up(self, claims: Claims, now: float) -> _Known:
        issuer, subject = self._rules.issuer, claims.subject
        owner = self._identities.owner_of(issuer, subject)
        if owner is None:
            return _Known(claims, None, now + KEPT_UNKNOWN_S)
        # Two hashes in one would let issuer and subject be cut elsewhere.
        name = hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode()).hexdigest()
        caller = Caller(
            f"token:{name[:32]}",
            including(claims.scopes),
            owner=owner,
            expires_at=claims.expires_at,
        )
        return _Known(claims, caller, now + KEPT_S)


def tokens_of(
    settings: IssuerSettings, issuer: str, database: Database, owners: Owners, attempts: Attempts
) -> Tokens:
    """Make what knows the tokens of the issuer in the settings.

    Nothing is fetched before the first token comes. Raises ConfigurationError for settings that
    can't work, or would let somebody else's tokens in.
    """
    rules = Rules.of(settings, issuer)
    url = settings.jwt_jwks_url or issuer.rstrip("/") + _WELL_KNOWN
    check_url(url, is_production=settings.is_production)
    identities = Identities(database, owners, makes_new=settings.jwt_new_users == "on")
    return Tokens(rules, KeySet(partial(fetch, url)), identities, attempts)


def _nobody() -> UnauthorizedError:
    return refused("The token is good, but its subject (sub) is nobody here.")
