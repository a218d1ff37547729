"""Idempotency-Key: a POST that is sent again is answered again, and done once.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-
header-07). The key is claimed once all else about the request has been found to be right, in the
transaction that does the work: a request that is refused leaves nothing behind, and a concurrent
one with the same key waits until the first one ends, then finds its answer.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import urlencode
from uuid import UUID

import psycopg2
from flask import Response, current_app, g, request
from psycopg2.extras import Json

from json_rows.kept_answer import size_of
from json_rows.kept_answers import LARGEST_KEPT, KeptAnswers, in_progress
from json_rows.statement import Query, Row, Subject
from json_rows.unit_of_work import UnitOfWork
from json_rows.work import asker, database
from smorest_sqlmodel.caller import caller_of
from smorest_sqlmodel.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from smorest_sqlmodel.etag import etag_of, tag_of
from smorest_sqlmodel.parsing import read_body

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat: its work is done once. A first answer of up "
    "to 2048 bytes is replayed byte for byte; in place of one that is larger, or that changed "
    "nothing, the row is shown as it is by then.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~](?:[ -~]*[!-~])?$",
        "examples": ["0199c0de-7b1c-7d7e-9c1a-5f0f3a3c2b11"],
    },
}
REPLAYED_DOC: dict[str, Any] = {
    "description": "`true` on the answer to a repeated request; status and headers are those of "
    "the first one, except for the ETag of a row that has changed since.",
    "schema": {"type": "string", "const": "true"},
}

LONGEST_KEY = 255

_KEPT_HEADERS = ("Location", "ETag")
_JSON = "application/json"

LOCK_TIMEOUT = "10s"
"""How long a request waits for the first one with its key before it is told 409."""


class _Replayed(Exception):  # noqa: N818  no error: the request has been answered before
    """Ends the work of a request that has been done before, with its answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def serve(work: UnitOfWork, view: Callable[[], Response]) -> Response:
    """Do the work of a keyed request in one transaction and keep its answer, or replay it.

    Only success is kept: after an error nothing was done, and the key may be used again. Raises
    InvalidInputError for a bad key, for a key that was used with another body or query and where
    no answers are kept, ConflictError while the first request with the key is still in progress,
    TooManyRequestsError for a caller for whom no more is kept.
    """
    kept: KeptAnswers | None = current_app.extensions["kept_answers"]
    if kept is None:
        raise unsupported()
    key = request.headers[HEADER]
    if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = f"must have 1 to {LONGEST_KEY} printable ASCII characters"
        raise InvalidInputError.of(location="header", name=HEADER, code="bad_key", message=message)
    keyed = g.keyed = _Keyed(work, kept, key)
    try:
        try:
            response = work.complete(lambda: keyed.answer(view), is_repeatable=True)
        except ConflictError as error:
            if not _is_kept_meanwhile(error, kept.table.primary_key):
                raise
            # By the release before, which does not know of the lock.
            work.close()
            response = work.complete(lambda: keyed.answer(view), is_repeatable=True)
    finally:
        g.pop("keyed")
        keyed.leave()
    keyed.note()
    return response


def unsupported() -> InvalidInputError:
    """Make the answer to a key that is in vain: ignored, it would let work be done twice."""
    message = "is not supported here; send the request without it"
    return InvalidInputError.of(location="header", name=HEADER, code="unsupported", message=message)


class _Keyed:
    """A request with a key: it has its key claimed, does its work, and its answer is kept."""

    def __init__(self, work: UnitOfWork, kept: KeptAnswers, key: str) -> None:
        self._work = work
        self._kept = kept
        # Ids may be written in either case.
        path = request.path.lower()
        names = {"principal": asker().principal, "method": request.method, "path": path, "key": key}
        digest = hashlib.sha256("\0".join(names.values()).encode()).digest()
        self._names: dict[str, Any] = names
        self._lock = int.from_bytes(digest[:8], signed=True)
        self._size = 0
        self._has_entered = False
        self._forget_first()

    def _forget_first(self) -> None:
        """Forget what an attempt before has found out."""
        self._is_claimed = self._is_expired_there = self._can_show = False
        self._query: Query | None = None
        self._row: Row | None = None

    def answer(self, view: Callable[[], Response]) -> Response:
        """Have the view do the work and keep what it answers, or replay the first answer."""
        self._forget_first()
        try:
            response = view()
            self.claim()
        except _Replayed as replayed:
            return replayed.response
        if response.status_code < HTTPStatus.BAD_REQUEST:
            self._keep(response)
        return response

    def run(self, query: Query) -> Row:
        """Claim the key, and send the query that does the work."""
        self.claim(query.about)
        self._query, self._row = query, self._work.run(query)
        return self._row

    def claim(self, about: Subject | None = None) -> None:
        """Take the key for this request, once; raises _Replayed when it was answered before."""
        if self._is_claimed:
            return
        if not self._has_entered:
            self._kept.enter(self._lock)
            self._has_entered = True
        self._work.begin()
        try:
            found = self._work.execute(
                self._kept.table.claim,
                {**self._names, "lock": self._lock, "lock_timeout": LOCK_TIMEOUT},
            )
        except UnavailableError as error:
            if not isinstance(error.__cause__, psycopg2.errors.LockNotAvailable):
                raise
            raise in_progress() from error
        self._is_claimed = True
        # A view that looks first has its key claimed before it is known what it will answer with.
        self._can_show = about is not None
        if found and found[0][-2]:
            self._replay(*found[0], about=about)
        self._is_expired_there = bool(found)
        self._kept.check(self._work, self._caller())

    def leave(self) -> None:
        """Let others with the key go on."""
        if self._has_entered:
            self._kept.leave(self._lock)

    def note(self) -> None:
        """Note what was kept, once it has been committed."""
        if self._size:
            self._kept.note(self._caller(), self._size)

    def _keep(self, response: Response) -> None:
        """Have the answer kept with COMMIT.

        Of what is large, changed nothing or is shown once a reference is enough, which costs its
        caller nothing. Its body is for the release before, which would send it.
        """
        about = self._query.about if self._query else None
        body, shown_id = response.get_data(), None
        has_changed = self._row is None or self._row.created
        is_left_out = len(body) > LARGEST_KEPT or not has_changed
        if about and about.again and (about.is_shown_once or (is_left_out and self._can_show)):
            body = _reference(about)
            shown_id = about.id if self._can_show else None
        answer = {
            **self._names,
            "fingerprint": _fingerprint(),
            "status": response.status_code,
            "headers": Json(_headers(response)),
            "body": body,
            "shown_id": shown_id,
            "caller": self._caller(),
            "ttl": self._kept.ttl,
            "about": about.id if about else None,
        }
        keep = self._kept.table.keep(about.goes_with if about else {})
        forget = self._kept.table.forget if self._is_expired_there else ""
        self._work.at_commit(forget + keep, answer)
        self._size = size_of(self._names["path"], self._names["key"], body)

    def _replay(self, *kept: Any, about: Subject | None) -> NoReturn:
        fingerprint, status, headers, body, shown_id, _, position = kept
        self._work.note_written(position)
        if not hmac.compare_digest(bytes(fingerprint), _fingerprint()):
            message = "must not be reused with another body or query, or for another owner"
            raise InvalidInputError.of(
                location="header", name=HEADER, code="key_reused", message=message
            )
        if shown_id and about and about.again:
            try:
                row = self._work.run(about.again(_referred(shown_id, bytes(body))))
            except NotFoundError as error:
                message = (
                    "The first request with this Idempotency-Key was done, but the row that it "
                    "answered with has been deleted since."
                )
                raise ConflictError(message) from error
            asks = asker()
            body = asks.shown(row.json)
            if "ETag" in headers:
                version = row.version if asks.sees is None else None
                headers["ETag"] = etag_of(tag_of(version, body))
        content_type = headers.pop("Content-Type", _JSON)
        response = Response(bytes(body), status, headers, content_type=content_type)
        response.headers[REPLAYED] = "true"
        raise _Replayed(response)

    def _caller(self) -> int:
        return caller_of(request.remote_addr, database().settings.database_url or "")


def _headers(response: Response) -> dict[str, str]:
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    if response.content_type and response.content_type != _JSON:
        kept["Content-Type"] = response.content_type
    return kept


def _reference(about: Subject) -> bytes:
    """Write what is kept in place of an answer: the ids of what it shows."""
    if about.many is None:
        return json.dumps({"id": str(about.id)}, separators=(",", ":")).encode()
    return json.dumps([str(key) for key in about.many], separators=(",", ":")).encode()


def _referred(shown_id: UUID, reference: bytes) -> UUID | list[UUID]:
    """Read what an answer showed: one row or many."""
    keys = json.loads(reference)
    return [UUID(key) for key in keys] if isinstance(keys, list) else shown_id


def _fingerprint() -> bytes:
    """Tell requests with one key apart, by all that the answer depends on."""
    digest = hashlib.sha256(read_body())
    if request.query_string:
        # The release before knew no query, and is found again without one.
        digest.update(b"?" + urlencode(sorted(request.args.items(multi=True))).encode())
    if owner := asker().owner:
        # Whoever comes to ask for another owner must not be shown what the one before was.
        digest.update(b"@" + owner.bytes)
    return digest.digest()


def _is_kept_meanwhile(error: ConflictError, primary_key: str) -> bool:
    cause = error.__cause__
    return (
        isinstance(cause, psycopg2.errors.UniqueViolation)
        and cause.diag.constraint_name == primary_key
    )
