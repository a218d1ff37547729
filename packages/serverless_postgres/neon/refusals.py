"""What Neon's API refuses, as errors that name the way out."""

import re

from plain_commands.errors import ConfigurationError, ConflictError, PlainError, UnavailableError
from serverless_postgres.refusals import Fate

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_CONFLICT = 409
_LOCKED = 423
_TOO_MANY = 429
_SERVER_ERROR = 500
# With these nothing was done, whatever the method; so the contract has it of 503 and 423.
_NOT_NOW = {_LOCKED, _TOO_MANY, 503}
# By code (BRANCHES_LIMIT_EXCEEDED) or in words ("root branches limit exceeded").
_EXCEEDED = re.compile(rb"((?:root[ _])?branch(?:es)?)?[ _]?limit[ _]exceeded", re.IGNORECASE)


class RefusedError(ConfigurationError):
    """Neon understands what is asked, and does not do it: nothing has happened."""


class LimitReachedError(ConflictError):
    """The plan allows no more; `what` it counts: branches, root branches, or something else.

    It is no RefusedError: another way to the same end is refused as well.
    """

    code = "limit-reached"

    def __init__(self, detail: str, what: str = "") -> None:
        super().__init__(detail)
        self.what = what


def fate(status: int) -> Fate:
    """Judge the status of an answer that is an error."""
    if status in _NOT_NOW:
        return Fate.PASSING
    return Fate.LOST if status >= _SERVER_ERROR else Fate.HOPELESS


def refusal(status: int, said: str, call: str, answer: bytes) -> PlainError:
    """Make the error for an answer to a call such as `GET /projects`, and for what it `said`."""
    if fate(status) is not Fate.HOPELESS:
        return UnavailableError(_what_may_pass(status, said, call))
    if limits := [match[1] or b"" for match in _EXCEEDED.finditer(answer)]:
        # The code and the message may differ in how much they say.
        words = max(limits, key=len).decode().lower()
        what = "root branches" if words.startswith("root") else "branches" if words else ""
        return LimitReachedError(f"Neon refuses {call} with {status}: {said}.", what)
    if status == _CONFLICT:
        return ConflictError(f"Neon refuses {call}: {said}.")
    if status in {_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND}:
        return ConfigurationError(_what_is_set_wrong(status, said, call))
    return RefusedError(f"Neon refuses {call} with {status}: {said}.")


def _what_may_pass(status: int, said: str, call: str) -> str:
    if status == _TOO_MANY:
        return f"Neon takes no more calls for now ({said})."
    if status == _LOCKED:
        return f"Neon is busy with other operations of the project ({said})."
    return f"Neon's API fails with {status} at {call} ({said})."


def _what_is_set_wrong(status: int, said: str, call: str) -> str:
    if status == _UNAUTHORIZED:
        return (
            f"Neon refuses the API key ({said}): set NEON_API_KEY to one made on its console (API "
            "keys)."
        )
    # Neon says 404 as well to keys that are not for what is asked.
    if status == _NOT_FOUND and "not allowed" not in said:
        return f"Neon has no such thing ({said}) at {call}: {_where(call)}"
    way_out = "use a key of the project's owner."
    if call == "GET /projects":
        way_out = (
            "a key for one project only can't list projects. Its NEON_PROJECT_ID is on Neon's "
            "console, on the project's page Settings."
        )
    return f"The API key may not do this ({said}): {way_out}"


def _where(call: str) -> str:
    """Say what may be the reason that there is nothing of what a call names."""
    if "/projects/" not in call or "/projects/shared" in call:
        return "is NEON_API_URL right?"
    if "/branches/" in call or "/connection_uri" in call:
        return "it may have been deleted just now; `flask neon branches` lists what there is."
    if "/operations/" in call:
        return "Neon has forgotten what it was doing; `flask neon branches` shows what came of it."
    return "check NEON_PROJECT_ID; `flask neon projects` lists what the key may see."
