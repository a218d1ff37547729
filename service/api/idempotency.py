"""Idempotency-Key: a POST that is sent again is answered again, and done once.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-
header-07). The key is claimed in the transaction that does the work: a concurrent request with the
same key waits for the end of the first one, then finds its answer.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg2
from flask import Response, request
from psycopg2.extras import Json

from service.api.parsing import read_body
from service.api.work import database
from service.db.position import WRITTEN
from service.db.unit_of_work import UnitOfWork
from service.errors import ConflictError, InvalidInputError, UnavailableError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes it safe to send the request again: the first answer is replayed.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~](?:[ -~]*[!-~])?$",
        "examples": ["0199c0de-7b1c-7d7e-9c1a-5f0f3a3c2b11"],
    },
}
REPLAYED_DOC: dict[str, Any] = {
    "description": "`true` on the answer to a repeated request.",
    "schema": {"type": "string", "const": "true"},
}

ANONYMOUS = "anonymous"
"""Whose keys they are, until callers have API keys."""

LONGEST_KEY = 255

_KEPT_HEADERS = ("Location", "ETag")

LOCK_TIMEOUT = "10s"
"""How long a request waits for the first one with its key before it is told 409."""

# An expired answer is replaced as if it were not there; others are swept away on the occasion.
_CLAIM = """
SET LOCAL lock_timeout = %(lock_timeout)s;
WITH swept AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys
        WHERE expires_at < now()
          AND (principal, method, path, key)
              <> (%(principal)s, %(method)s, %(path)s, %(key)s)
        LIMIT 10 FOR UPDATE SKIP LOCKED))
)
INSERT INTO idempotency_keys AS stored
    (principal, method, path, key, fingerprint, expires_at)
VALUES (%(principal)s, %(method)s, %(path)s, %(key)s, %(fingerprint)s, now() + %(ttl)s)
ON CONFLICT (principal, method, path, key) DO UPDATE
SET fingerprint = excluded.fingerprint, expires_at = excluded.expires_at, created_at = now(),
    status = NULL, headers = NULL, body = NULL
WHERE stored.expires_at < now()
RETURNING true
"""

_FIND = f"""
SELECT fingerprint, status, headers, body, {WRITTEN} FROM idempotency_keys
WHERE (principal, method, path, key) = (%(principal)s, %(method)s, %(path)s, %(key)s)
"""  # noqa: S608  a constant

_KEEP = """
UPDATE idempotency_keys SET status = %(status)s, headers = %(headers)s, body = %(body)s,
    user_id = %(user_id)s, workflow_id = COALESCE(
        %(workflow_id)s, (SELECT workflow_id FROM nodes WHERE nodes.id = %(node_id)s))
WHERE (principal, method, path, key) = (%(principal)s, %(method)s, %(path)s, %(key)s)
"""


def answer(work: UnitOfWork, do: Callable[[], Response]) -> Response:
    """Do the work of a keyed request in one transaction and keep its answer, or replay it.

    Only success is kept: after an error nothing was done, and the key may be used again. Raises
    InvalidInputError for a bad key and for a key that was used with another body or query,
    ConflictError while the first request with it is still in progress.
    """
    key = request.headers[HEADER]
    if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        message = f"must have 1 to {LONGEST_KEY} printable ASCII characters"
        raise InvalidInputError.of(location="header", name=HEADER, code="bad_key", message=message)
    claim = {
        "principal": ANONYMOUS,
        "method": request.method,
        # Ids may be written in either case, and a slash at the end means nothing.
        "path": request.path.lower().rstrip("/"),
        "key": key,
        "fingerprint": _fingerprint(),
        "lock_timeout": LOCK_TIMEOUT,
        "ttl": timedelta(hours=database().settings.idempotency_ttl_hours),
    }
    work.begin()
    try:
        claimed = work.execute(_CLAIM, claim)
    except UnavailableError as error:
        if not isinstance(error.__cause__, psycopg2.errors.LockNotAvailable):
            raise
        message = "The first request with this Idempotency-Key is still in progress."
        raise ConflictError(message, headers={"Retry-After": "1"}) from error
    if not claimed:
        return _replay(work, claim)
    response = do()
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    answered = {
        "status": response.status_code,
        "headers": Json(kept),
        "body": response.get_data(),
        **_subjects(response),
    }
    work.execute(_KEEP, {**claim, **answered})
    return response


def _fingerprint() -> bytes:
    """Tell a request by its body, and by the query, which says what the answer shows."""
    query = b"?" + request.query_string if request.query_string else b""
    return hashlib.sha256(read_body() + query).digest()


def _subjects(response: Response) -> dict[str, Any]:
    """Find out which user and which run an answer is about: with them it will be erased.

    With `fields` the answer may not say it, but then the path does.
    """
    answer = response.get_json(silent=True) or {}
    user_id, workflow_id = answer.get("user_id"), answer.get("workflow_id")
    if "username" in answer:
        user_id = answer["id"]
    elif user_id and not workflow_id:
        workflow_id = answer["id"]
    path = request.view_args or {}
    return {
        "user_id": user_id,
        "workflow_id": workflow_id or path.get("workflow_id"),
        "node_id": path.get("node_id"),
    }


def _replay(work: UnitOfWork, claim: dict[str, Any]) -> Response:
    fingerprint, status, headers, body, position = work.execute(_FIND, claim)[0]
    work.note_written(position)
    if not hmac.compare_digest(bytes(fingerprint), claim["fingerprint"]):
        message = "must not be used again with another body or query"
        raise InvalidInputError.of(
            location="header", name=HEADER, code="key_reused", message=message
        )
    response = Response(bytes(body), status, headers, content_type="application/json")
    response.headers[REPLAYED] = "true"
    return response
