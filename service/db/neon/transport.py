"""Calls of Neon's API over HTTP: time limits, repeats, and errors that name the way out."""

import json
import random
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from service.db.neon.limits import or_limit_reached
from service.errors import ConfigurationError, ConflictError, ServiceError, UnavailableError

_LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}
# Too many requests, and another operation of the project under way: nothing was done.
_REFUSED = {423, 429}
_SERVER_ERROR = 500
_ERROR = 400

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait and how often to try, in seconds."""

    connect_s: float = 5
    read_s: float = 30
    attempts: int = 7
    first_delay_s: float = 0.5
    longest_delay_s: float = 15
    operation_s: float = 300
    """How long Neon may take to carry out an operation."""

    def delay_s(self, attempt: int) -> float:
        """Return the wait after an attempt (0, 1, ...): doubled each time, the half of it random.

        The random part keeps callers that were refused together from coming back together.
        """
        full = min(self.longest_delay_s, self.first_delay_s * 2.0**attempt)
        return full / 2 + random.uniform(0, full / 2)  # noqa: S311  nothing to guess here


class MaybeDoneError(UnavailableError):
    """A call that changes something got no usable answer: it may have been carried out."""


class RefusedError(ConfigurationError):
    """Neon understands what is asked, and does not do it: nothing has happened."""


class NeonTransport:
    """Sends calls with the API key, which it shows to nobody else."""

    def __init__(self, url: str, api_key: str, pace: Pace | None = None) -> None:
        """Take the API's address, such as https://console.neon.tech/api/v2.

        Raises ConfigurationError for one that would send the key in the clear, and for what can't
        be a key, which http.client would put into its own error.
        """
        if not re.fullmatch(r"[!-~]+", api_key):
            message = "NEON_API_KEY holds what no key holds, such as a space: copy it anew."
            raise ConfigurationError(message)
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            message = "NEON_API_URL must be an address such as https://console.neon.tech/api/v2."
            raise ConfigurationError(message) from None
        if parts.scheme != "https" and parts.hostname not in _LOCAL_HOSTS:
            message = f"NEON_API_URL must be https://, and not {parts.scheme}://{parts.hostname}."
            raise ConfigurationError(message)
        self.pace = pace or Pace()
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=self.pace.connect_s, read=self.pace.read_s),
            retries=False,
        )

    def without_key(self, text: str) -> str:
        """Take the key out of what Neon, or a proxy on the way, says."""
        return text.replace(self._api_key, "***")

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Answer | None = None,
    ) -> Answer:
        """Make one call, trying again as long as that is sensible; returns the answer's JSON.

        A POST whose outcome is unknown is not repeated, since it might be carried out twice: it
        raises MaybeDoneError. Raises ConfigurationError when the key, the project or the request
        is wrong, ConflictError when there is such a thing already, LimitReachedError when the plan
        allows no more, and UnavailableError when Neon can't be reached or is too busy for too long.
        """
        attempt = 0
        while True:
            failure, wait_s = self._try(method, path, query, body)
            if not isinstance(failure, ServiceError):
                return failure
            is_last = attempt + 1 >= self.pace.attempts
            if is_last or wait_s is None:
                raise failure
            time.sleep(max(wait_s, self.pace.delay_s(attempt)))
            attempt += 1

    def _try(
        self, method: str, path: str, query: dict[str, str] | None, body: Answer | None
    ) -> tuple[Answer | ServiceError, float | None]:
        """Try once; returns an answer, or an error and the least wait before the next attempt."""
        url = self._url + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self._api_key}", "Accept": "application/json"}
        repeatable = method != "POST"
        try:
            answer = self._http.request(method, url, json=body, headers=headers)
        except (NewConnectionError, ConnectTimeoutError):
            return UnavailableError("Neon's API can't be reached; try again."), 0
        except HTTPError as error:
            # The address may be in the error's text, the key never is; neither helps anybody.
            said = f"Neon's API gave no answer to {method} {path} ({type(error).__name__})"
            if repeatable:
                return UnavailableError(f"{said}; try again."), 0
            return MaybeDoneError(f"{said}; it may have been carried out."), None
        if answer.status < _ERROR:
            return _json(answer.data), None
        return self._judge(answer, f"{method} {path}", repeatable=repeatable)

    def _judge(
        self, answer: urllib3.BaseHTTPResponse, call: str, *, repeatable: bool
    ) -> tuple[ServiceError, float | None]:
        error = _error(answer.status, self.without_key(_message(answer.data)), call)
        error = or_limit_reached(error, answer.data)
        is_failure = answer.status >= _SERVER_ERROR
        if is_failure and not repeatable:
            return MaybeDoneError(error.detail), None
        if is_failure or answer.status in _REFUSED:
            return error, _retry_after_s(answer, self.pace.longest_delay_s)
        return error, None


class _Object(Answer):
    """A JSON object whose readers need not be prepared for members that are not there."""

    def __missing__(self, name: str) -> Any:
        message = f"Neon's API gave an answer without {name!r}; is NEON_API_URL right?"
        raise ConfigurationError(message)


def _json(data: bytes) -> Answer:
    """Read an answer; an empty one (204: there is no such thing any more) has no members."""
    try:
        found = json.loads(data or b"{}", object_hook=_Object)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        message = "Neon's API answered with something else than JSON; is NEON_API_URL right?"
        raise ConfigurationError(message)
    return found


def _message(data: bytes) -> str:
    """Read what Neon says of an error: `{"code": "...", "message": "..."}`."""
    try:
        return str(json.loads(data)["message"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return "it gives no reason"


def _retry_after_s(answer: urllib3.BaseHTTPResponse, most_s: float) -> float:
    """Read Retry-After in seconds; its other form, a date, counts as not there."""
    try:
        return min(max(0.0, float(answer.headers.get("Retry-After", "0"))), most_s)
    except ValueError:
        return 0


def _error(status: int, said: str, call: str) -> ServiceError:
    if status in _REFUSED:
        return UnavailableError(f"Neon is busy with other operations of the project ({said}).")
    if status >= _SERVER_ERROR:
        return UnavailableError(f"Neon's API fails with {status} at {call} ({said}).")
    sentences = {
        401: "Neon refuses the API key: set NEON_API_KEY to one made on its console (API keys).",
        403: f"The API key may not do this ({said}): use a key of the project's owner.",
        404: f"Neon has no such thing ({said}) at {call}: {_where_to_look(call)}",
    }
    if status in sentences:
        return ConfigurationError(sentences[status])
    if status == ConflictError.status:
        return ConflictError(f"Neon refuses {call}: {said}.")
    return RefusedError(f"Neon refuses {call} with {status}: {said}.")


def _where_to_look(call: str) -> str:
    """Say what may be the reason that there is nothing of what a call names."""
    if "/projects/" not in call or "/projects/shared" in call:
        return "is NEON_API_URL right?"
    if "/branches/" in call or "/connection_uri" in call:
        return "it may have been deleted just now; `flask neon branches` lists what there is."
    if "/operations/" in call:
        return "Neon has forgotten what it was doing; `flask neon branches` tells what came of it."
    return "check NEON_PROJECT_ID; `flask neon projects` lists what the key may see."
