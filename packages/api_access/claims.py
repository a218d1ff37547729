"""What a token says (RFC 7519), once it is sure that its issuer has said so."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import jwt
from jwt import PyJWK

from api_access.api_key import Scope
from api_access.errors import UnauthorizedError, refused
from api_access.issuer_settings import LONGEST_NAME, IssuerSettings, is_subject
from plain_commands.errors import ConfigurationError

LEEWAY_S = 10
"""By how much the clocks of issuer and service may differ."""

LONGEST_TOKEN = 8192
_ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
_USUAL_TYPES = frozenset({"jwt", "at+jwt"})
_REQUIRED = ["exp", "iss", "aud", "sub"]
_BY_NAME = {scope.value: scope for scope in Scope if scope is not Scope.ADMIN}
"""What a claim means where the settings don't say it: never all rights, which other services of
the same issuer may call so."""

_UNREADABLE = "It is neither a key nor a token that can be read."
_OTHER_ALGORITHM = "The token must be signed with RS256, ES256 or EdDSA."
_CRITICAL = "The token has a critical extension (crit), and none is known here."
_OTHER_TYPE = "The token is of another type (typ) than is taken here."
_WRONG_SIGNATURE = "The token's signature is wrong."
_NO_SUCH_KEY = "The token is not signed with a key (kid) of its issuer that is known."
EXPIRED = "The token has expired."

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, EXPIRED),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidIssuerError, "The token is of another issuer."),
    (jwt.InvalidAudienceError, "The token is for another audience."),
    (jwt.MissingRequiredClaimError, "The token lacks one of exp, iss, aud and sub."),
)

FindKey = Callable[[str, str], PyJWK | None]
"""Finds a key by its id and algorithm."""


class ForgedTokenError(UnauthorizedError):
    """No issuer makes such tokens: somebody tries.

    One with an unknown key is none of these, as its issuer may be away.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why, reason="invalid_token")


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a token is about, what they may do, and from when on it is refused."""

    subject: str
    scopes: frozenset[Scope]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token must be to be believed, and what its claims mean."""

    issuer: str
    audience: tuple[str, ...]
    types: frozenset[str]
    is_type_required: bool
    longest_s: int
    scopes_claim: str
    scopes: Mapping[str, Scope]

    @classmethod
    def of(cls, settings: IssuerSettings, issuer: str) -> Self:
        """Read the rules from the settings; raises ConfigurationError for such as can't be kept."""
        if not settings.jwt_audience:
            message = (
                "JWT_AUDIENCE must be set where JWT_ISSUER is: tokens that the issuer makes for "
                "others would be let in."
            )
            raise ConfigurationError(message)
        if len(issuer) > LONGEST_NAME:
            message = f"JWT_ISSUER may have {LONGEST_NAME} characters."
            raise ConfigurationError(message)
        wanted = settings.jwt_type
        return cls(
            issuer,
            settings.jwt_audience,
            frozenset({_plain(wanted)}) if wanted else _USUAL_TYPES,
            bool(wanted),
            settings.jwt_longest_s,
            settings.jwt_scopes_claim,
            _meanings(settings.jwt_scopes),
        )

    def read(self, token: str, find: FindKey) -> Claims:
        """Check a token and read it; raises a 401 that says what is wrong with it."""
        if len(token) > LONGEST_TOKEN:
            message = f"The token has more than {LONGEST_TOKEN} characters."
            raise ForgedTokenError(message)
        try:
            return self._claims(_payload(token, self, find))
        except jwt.InvalidSignatureError as error:
            raise ForgedTokenError(_WRONG_SIGNATURE) from error
        except jwt.PyJWTError as error:
            for kind, reason in _REASONS:
                if isinstance(error, kind):
                    raise refused(reason) from error
            raise ForgedTokenError(_UNREADABLE) from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            # What an exp may be in JSON, such as Infinity; or a header that is nested too deeply.
            raise ForgedTokenError(_UNREADABLE) from error

    def key_for(self, header: Mapping[str, Any], find: FindKey) -> PyJWK:
        """Find the key that a header names; where else it would like keys to be from is ignored."""
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in _ALGORITHMS:
            raise ForgedTokenError(_OTHER_ALGORITHM)
        if "crit" in header:
            raise refused(_CRITICAL)
        kind = header.get("typ")
        if not (_plain(kind) in self.types if kind is not None else not self.is_type_required):
            raise refused(_OTHER_TYPE)
        key = find(kid, algorithm) if isinstance(kid, str) else None
        if key is None:
            raise refused(_NO_SUCH_KEY)
        return key

    def _claims(self, payload: Mapping[str, Any]) -> Claims:
        subject, now = payload["sub"], time.time()
        if not is_subject(subject):
            message = f"The token's sub must have 1 to {LONGEST_NAME} characters that show."
            raise refused(message)
        expires = int(payload["exp"])
        issued = float(payload.get("iat", now))
        longest_s = self.longest_s + LEEWAY_S
        if not math.isfinite(issued) or expires - min(issued, now) > longest_s:
            message = "The token is valid for longer than is taken here."
            raise refused(message)
        return Claims(subject, self._scopes(payload), datetime.fromtimestamp(expires, UTC))

    def _scopes(self, payload: Mapping[str, Any]) -> frozenset[Scope]:
        said: Any = payload.get(self.scopes_claim)
        if said is None:
            # Below other claims, such as realm_access.roles; names with dots in them came first.
            said = payload
            for name in self.scopes_claim.split("."):
                said = said.get(name) if isinstance(said, Mapping) else None
        words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
        return frozenset(
            self.scopes[word] for word in words if isinstance(word, str) and word in self.scopes
        )


def _payload(token: str, rules: Rules, find: FindKey) -> dict[str, Any]:
    key = rules.key_for(jwt.get_unverified_header(token), find)
    payload: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        audience=rules.audience,
        issuer=rules.issuer,
        leeway=LEEWAY_S,
        options={"require": _REQUIRED},
    )
    return payload


def _plain(kind: object) -> str:
    """Write a type as RFC 7515, 4.1.9 wants it compared."""
    return str(kind).lower().removeprefix("application/")


def _meanings(said: tuple[str, ...]) -> Mapping[str, Scope]:
    """Read which scope each word of a claim means, such as `reader=read`."""
    if not said:
        return _BY_NAME
    found = {}
    for pair in said:
        word, _, scope = pair.rpartition("=")
        if not word or scope not in set(Scope):
            scopes = ", ".join(Scope)
            message = (
                f"JWT_SCOPES must list pairs such as reader=read, whose second part is one of "
                f"{scopes}, not {pair!r}."
            )
            raise ConfigurationError(message)
        found[word] = Scope(scope)
    return found
