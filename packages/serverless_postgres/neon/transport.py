"""Calls of Neon's API over HTTP: how long they may take, and what is tried again."""

import math
import re
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
)

from plain_commands.errors import ConfigurationError, PlainError, UnavailableError
from serverless_postgres.neon.answers import read, read_error
from serverless_postgres.neon.pace import Pace
from serverless_postgres.neon.refusals import fate, refusal
from serverless_postgres.neon.retry_after import retry_after_s, time_in
from serverless_postgres.refusals import Fate
from serverless_postgres.retry import Patience

_LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}
_ERROR = 400
_ELSEWHERE = 300
_NOTHING = 204
_LONGEST_SAID = 500

Answer = dict[str, Any]


class MaybeDoneError(UnavailableError):
    """A call that changes something got no usable answer: it may have been carried out."""


class NeonTransport:
    """Sends calls with the API key, which it shows to nobody else."""

    def __init__(self, url: str, api_key: str, pace: Pace | None = None) -> None:
        """Take the API's address, such as https://console.neon.tech/api/v2.

        Raises ConfigurationError for one that would send the key in the clear, and for what can't
        be a key, which http.client would put into its own error.
        """
        if not re.fullmatch(r"[!-~]+", api_key):
            message = (
                "NEON_API_KEY has a character that no key has, such as a space: copy it again."
            )
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
        self._is_silent = False
        # A try that is given up may still hold its connection while the next one is made.
        # nosemgrep: network-without-limit  each request has its own
        self._http = urllib3.PoolManager(retries=False, maxsize=10)

    def without_key(self, data: bytes) -> bytes:
        """Take the key out of whatever Neon, or a proxy on the way, says."""
        return data.replace(self._api_key.encode(), b"***")

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Answer | None = None,
        within_s: float = math.inf,
    ) -> Answer:
        """Make one call, trying again as long as that is sensible; returns the answer's JSON.

        It ends after the pace's `call_s`, or `within_s` if that is less, whatever the API does;
        after a call that got no answer at all, the next has the time of one try. A wait that Neon
        asks for is never shortened: one that is too long ends the call at once. A POST whose
        outcome is unknown is not repeated, since it might be carried out twice: it raises
        MaybeDoneError. Raises ConfigurationError when the key, the project or the request is
        wrong, ConflictError when there is such a thing already, LimitReachedError when the plan
        allows no more, and UnavailableError when Neon can't be reached or is too busy for too long.
        """
        longest_s = self.pace.read_s if self._is_silent else self.pace.call_s
        patience = self.pace.patience(min(longest_s, within_s))
        request = _Request(method, path, query, body, patience)
        while True:
            found = self._try(request)
            if not isinstance(found, _Failure):
                return found
            if found.wait_s is None:
                raise found.error
            beyond_s = max(0, patience.limit_s - found.within_s)
            if not patience.wait(least_s=found.wait_s, needed_s=self.pace.connect_s + beyond_s):
                raise _given_up(found, request)

    def _try(self, request: "_Request") -> "Answer | _Failure":
        try:
            answer = self._send(request)
        except (NewConnectionError, ConnectTimeoutError):
            error = UnavailableError("Neon's API can't be reached.")
            return _Failure(error, 0, self.pace.read_s)
        except (HTTPError, TimeoutError) as error:
            self._is_silent = True
            return _no_answer(request, error)
        self._is_silent = False
        if answer.status >= _ERROR:
            return self._judge(answer, request)
        return _found(self.without_key(answer.data), answer.status, request)

    def _send(self, request: "_Request") -> urllib3.BaseHTTPResponse:
        """Send a request, and wait for its whole answer as long as one try may take.

        It is sent by another thread: neither looking up the host's name nor an answer that comes
        letter by letter ends with the time limits of a socket.
        """
        limit_s = max(0.001, min(self.pace.read_s, request.patience.left_s))
        sent: Future[urllib3.BaseHTTPResponse] = Future()
        query = f"?{urlencode(request.query)}" if request.query else ""

        def send() -> None:
            try:
                answer = self._http.request(
                    request.method,
                    self._url + request.path + query,
                    json=request.body,
                    headers={
                        "Authorization": f"Bearer {self._api_key}",
                        "Accept": "application/json",
                        "X-Request-ID": request.id,
                    },
                    timeout=urllib3.Timeout(total=limit_s, connect=self.pace.connect_s),
                )
                sent.set_result(answer)
            except BaseException as error:  # noqa: BLE001  raised again by whoever waits
                sent.set_exception(error)

        threading.Thread(target=send, name="neon", daemon=True).start()
        return sent.result(limit_s)

    def _judge(self, answer: urllib3.BaseHTTPResponse, request: "_Request") -> "_Failure":
        said, request_id = read_error(self.without_key(answer.data))
        # An id that is not as ours are is none; one that gave the key away holds asterisks now.
        if not re.fullmatch(r"[\w.:-]{1,100}", request_id):
            request_id = request.id
        said = f"{_short(said)}; request id {request_id}"
        error = refusal(answer.status, said, request.call, answer.data)
        found = fate(answer.status)
        if found is Fate.PASSING or (found is Fate.LOST and request.is_repeatable):
            return _Failure(error, retry_after_s(answer.headers))
        return _Failure(MaybeDoneError(error.detail) if found is Fate.LOST else error)


class _Request:
    """A call, with an id for Neon's support, and the time it has.

    The id is the same for all tries: it stands for what was wanted, and finds each of them.
    """

    def __init__(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None,
        body: Answer | None,
        patience: Patience,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.call = f"{method} {path}"
        self.id = str(uuid4())
        self.is_repeatable = method != "POST"
        self.patience = patience


@dataclass(frozen=True, slots=True)
class _Failure:
    """A try that failed; `wait_s` is the least wait before the next, None if there is to be none.

    `within_s` is how long after the beginning of the call there may be another.
    """

    error: PlainError
    wait_s: float | None = None
    within_s: float = math.inf


def _found(data: bytes, status: int, request: _Request) -> Answer | _Failure:
    """Read an answer that is no error; what is none of Neon's proves nothing done."""
    if status >= _ELSEWHERE:
        message = (
            f"Neon's API answers {request.call} with {status}, which leads elsewhere, where "
            "the key is not sent: is NEON_API_URL right?"
        )
        return _Failure(ConfigurationError(message))
    if status == _NOTHING and request.method == "DELETE":
        # There is no such thing any more.
        return {}
    try:
        return read(data)
    except ConfigurationError as error:
        if request.method == "GET":
            return _Failure(error)
        said = f"{error.detail} {request.call} may have been carried out"
        return _Failure(MaybeDoneError(f"{said} (request id {request.id})."))


def _given_up(failure: _Failure, request: _Request) -> UnavailableError:
    """Say that there is no time for another try, and when there should be one."""
    said = failure.error.detail
    if failure.wait_s:
        return UnavailableError(f"{said} Try again at {time_in(failure.wait_s)}, not before.")
    so_long = f"This has lasted for {request.patience.elapsed_s:.0f} s: try again later."
    return UnavailableError(f"{said} {so_long}")


def _no_answer(request: _Request, error: Exception) -> _Failure:
    """Judge a try without a usable answer."""
    # The address may be in the error's text, the key never is; neither helps anybody.
    is_late = isinstance(error, TimeoutError | ReadTimeoutError)
    reason = "" if is_late else f"{type(error).__name__}; "
    reason += f"the request id for Neon's support is {request.id}"
    said = f"Neon's API gave no answer to {request.call}"
    if request.is_repeatable:
        return _Failure(UnavailableError(f"{said} ({reason})."), 0)
    said += f" in {request.patience.elapsed_s:.0f} s ({reason}); it may have been carried out."
    return _Failure(MaybeDoneError(said))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SAID else f"{text[:_LONGEST_SAID]} ..."
