"""As much of Postgres's protocol as it takes to know a write and the end of its answer.

After PostgreSQL 18, chapter 54 "Frontend/Backend Protocol". Unencrypted streams only.
"""

import re
from collections.abc import Iterator

# 54.7 "Message Formats": SSLRequest and GSSENCRequest have the layout of a startup message.
_ENCRYPTION_REQUESTS = frozenset({80877103, 80877104})
_LENGTH_BYTES = 4
_HEADER_BYTES = 5

QUERY = b"Q"
ERROR_RESPONSE = b"E"
READY_FOR_QUERY = b"Z"
IDLE = b"I"
"""The status in ReadyForQuery when no transaction is open (54.7, "ReadyForQuery")."""

_COMMIT = re.compile(rb"\bCOMMIT\b", re.IGNORECASE)
_BEGIN = re.compile(rb"^\s*BEGIN\b", re.IGNORECASE)
_CHANGE = re.compile(rb"\b(?:INSERT|UPDATE|DELETE)\s", re.IGNORECASE)
_LOCK_ONLY = re.compile(rb"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)


class Messages:
    """Cuts a stream into messages: one byte of type, a length that counts itself, the payload.

    The first message of a client has no type byte, and may follow requests for encryption, which
    look alike (54.2.1 "Start-up", 54.2.11 "SSL Session Encryption"). The server answers such a
    request with one bare byte, which `expect_bare_byte` announces.
    """

    def __init__(self, *, from_client: bool) -> None:
        self._buffer = bytearray()
        self._is_startup_due = from_client
        self.bare_bytes_due = 0

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Take what arrived and give the messages that it completes: their type and payload.

        The type of messages before the startup is complete is empty.
        """
        self._buffer += data
        while self._buffer:
            if self.bare_bytes_due:
                self.bare_bytes_due -= 1
                del self._buffer[:1]
                continue
            header = _LENGTH_BYTES if self._is_startup_due else _HEADER_BYTES
            if len(self._buffer) < header:
                return
            end = int.from_bytes(self._buffer[header - _LENGTH_BYTES : header])
            end += header - _LENGTH_BYTES
            if len(self._buffer) < end:
                return
            kind = bytes(self._buffer[: header - _LENGTH_BYTES])
            payload = bytes(self._buffer[header:end])
            del self._buffer[:end]
            if self._is_startup_due:
                self._is_startup_due = is_encryption_request(payload)
            yield kind, payload


def is_encryption_request(payload: bytes) -> bool:
    """Tell whether a message before the startup asks for TLS or GSSAPI."""
    return int.from_bytes(payload[:_LENGTH_BYTES]) in _ENCRYPTION_REQUESTS


def commits(sql: bytes, *, in_transaction: bool) -> bool:
    """Tell whether a simple query makes a change durable before it is answered.

    That is COMMIT itself, and outside of a transaction any write: a simple query is one transaction
    of its own (54.2.2.1 "Multiple Statements in a Simple Query").
    """
    if _COMMIT.search(sql):
        return True
    if in_transaction or _BEGIN.match(sql):
        return False
    return _CHANGE.search(_LOCK_ONLY.sub(b"", sql)) is not None
