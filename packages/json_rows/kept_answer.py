"""The table of kept answers: which columns a service's table has, and the statements about it."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import Timestamp, default
from json_rows.statement import quoted, table_of
from serverless_postgres.position import WRITTEN

ROW_BYTES = 300
"""What a kept answer takes beside its body and its key: its row, and its places in four indexes."""


class KeptAnswer(SQLModel):
    """The first answer to each request with an Idempotency-Key, kept for its repetitions.

    A service makes its table of this class, and adds what answers go with. An answer is a copy of
    rows, which must not outlive them, so each of these columns refers to a table ON DELETE CASCADE:

        class KeptLoan(KeptAnswer, table=True):
            reader_id: UUID | None = Field(
                default=None, foreign_key="readers.id", ondelete="CASCADE", index=True
            )

    The resources say what to fill them with: `Resource(..., goes_with={"reader_id": "reader_id"})`.
    What is large, changed nothing or is shown once is not kept itself, nor are rows without a
    parent in one answer, which may go with others each: the body then only names the rows.
    """

    principal: str = Field(primary_key=True, max_length=100)
    method: str = Field(primary_key=True, max_length=10)
    path: str = Field(primary_key=True, max_length=500)
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: bytes = Field(
        sa_type=LargeBinary, description="SHA-256 of the body and the query."
    )
    status: int | None = None
    headers: dict[str, str] | None = Field(default=None, sa_type=JSONB)
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    shown_id: UUID | None = Field(
        default=None, description="The row that is read again to answer, where no answer is kept."
    )
    caller: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="Who sent the request: a keyed hash of the address.",
    )
    created_at: Timestamp = Field(sa_column_kwargs=default("now()"))
    expires_at: Timestamp = Field(index=True)


# A lock in place of a row: who is refused has written nothing, and who waits sees what the first
# one has kept, as each statement of the batch sees what was committed before it.
_CLAIM = """
SET LOCAL lock_timeout = %(lock_timeout)s;
SELECT pg_advisory_xact_lock(%(lock)s);
SET LOCAL lock_timeout TO DEFAULT;
SELECT fingerprint, status, headers, body, shown_id, expires_at > now(), {written}
FROM {answers}
WHERE (principal, method, path, key) = (%(principal)s, %(method)s, %(path)s, %(key)s)
"""

_FORGET = """
DELETE FROM {answers}
WHERE (principal, method, path, key) = (%(principal)s, %(method)s, %(path)s, %(key)s)
    AND expires_at <= now();
"""

_KEEP = """
INSERT INTO {answers} (principal, method, path, key, fingerprint, status, headers, body, shown_id,
    caller, expires_at{columns})
VALUES (%(principal)s, %(method)s, %(path)s, %(key)s, %(fingerprint)s, %(status)s, %(headers)s,
    %(body)s, %(shown_id)s, %(caller)s, now() + %(ttl)s{values})
"""

_LOOK = """
WITH kept AS (
    SELECT caller, sum({row_bytes} + 2 * (octet_length(path) + octet_length(key))
        + coalesce(octet_length(body), 0)) AS bytes
    FROM {answers} WHERE expires_at > now() GROUP BY caller
)
SELECT NULL, NULL, extract(epoch FROM min(expires_at))::float8 FROM {answers}
UNION ALL
SELECT caller, bytes::bigint, NULL FROM kept WHERE bytes >= %(least)s AND caller IS NOT NULL
"""

_SWEEP = """
WITH gone AS (
    DELETE FROM {answers} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM {answers} WHERE expires_at <= now()
        ORDER BY expires_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT count(*) FROM gone
"""

_FORGET_ALL = """
WITH gone AS (
    DELETE FROM {answers} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM {answers} WHERE principal = %(principal)s
        LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT count(*) FROM gone
"""

_EARLIEST = "SELECT extract(epoch FROM min(expires_at))::float8 FROM {answers}"


class AnswersTable:
    """The statements about a service's table of kept answers.

    `claim`, `forget` and `keep` are about one key; `look` asks who keeps how much and when the
    first answer expires; `sweep` deletes a batch of what has expired, and tells how many, as
    `forget_all` does of what is kept for a principal.
    """

    def __init__(self, model: type[KeptAnswer]) -> None:
        table = table_of(model)
        self._name = name = quoted(table)
        self._columns = frozenset(table.columns.keys())
        self.primary_key = str(table.primary_key.name or f"{table.name}_pkey")
        self.claim = _CLAIM.format(answers=name, written=WRITTEN)
        self.forget = _FORGET.format(answers=name)
        self.look = _LOOK.format(answers=name, row_bytes=ROW_BYTES)
        self.sweep = _SWEEP.format(answers=name)
        self.forget_all = _FORGET_ALL.format(answers=name)
        self.earliest = _EARLIEST.format(answers=name)

    def keep(self, goes_with: Mapping[str, str]) -> str:
        """Write the statement that keeps an answer, and finds what it goes with.

        `goes_with` has SQL for columns of the table, as `Subject` has it. Raises TypeError for one
        that the table does not have: what the answer shows could not take the answer with it.
        """
        if missing := sorted(goes_with.keys() - self._columns):
            message = f"{self._name} has no {', '.join(missing)}, which answers are to go with."
            raise TypeError(message)
        columns = "".join(f", {quoted(column)}" for column in goes_with)
        values = "".join(f", {value}" for value in goes_with.values())
        return _KEEP.format(answers=self._name, columns=columns, values=values)


def size_of(path: str, key: str, body: bytes) -> int:
    """Tell how much a kept answer takes, as the database is asked for it."""
    return ROW_BYTES + 2 * (len(path) + len(key)) + len(body)
