"""The errors of those who may not: 401 and 403, with the challenges of RFC 6750."""

from api_access.api_key import Scope
from smorest_sqlmodel.errors import ApiError, ForbiddenError

REALM = "api"


class UnauthorizedError(ApiError):
    """Nobody knows who calls: no key or token was sent, or one that is not accepted.

    `reason` is the error of RFC 6750, 3.1; a request that brings nothing is told none.
    """

    status = 401
    code = "unauthorized"
    title = "Unauthorized"

    def __init__(self, detail: str, *, reason: str = "") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": _challenge(detail, reason)})


class InsufficientScopeError(ForbiddenError):
    """The key or token of who calls lacks a scope."""

    def __init__(self, scope: Scope) -> None:
        detail = f"This takes the scope {scope}, which the key does not have."
        challenge = f'{_challenge(detail, "insufficient_scope")}, scope="{scope}"'
        super().__init__(detail, headers={"WWW-Authenticate": challenge})
        self.scope = scope


def missing() -> UnauthorizedError:
    """Make the answer to a request that brings nothing."""
    return UnauthorizedError("Send a key: Authorization: Bearer KEY.")


def unreadable() -> UnauthorizedError:
    """Make the answer to an Authorization that can't be one, whatever was meant."""
    message = "There must be one Authorization header, and in it Bearer and one key in ASCII."
    return UnauthorizedError(message, reason="invalid_request")


def refused(why: str) -> UnauthorizedError:
    """Make the answer to a key or token that is not accepted."""
    return UnauthorizedError(why, reason="invalid_token")


def _challenge(detail: str, reason: str) -> str:
    said = f', error="{reason}", error_description="{detail}"' if reason else ""
    return f'Bearer realm="{REALM}"{said}'
