"""Which of those who own rows the subject of an issuer is (RFC 7519, 4.1.1 and 4.1.2)."""

from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat

from api_access.audit import AuditColumns
from api_access.identity import IdentityColumns
from json_rows.statement import quoted, table_of
from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database


@dataclass(frozen=True, slots=True)
class Owners:
    """Where identities are kept, and how somebody new comes to be.

    `table` is the service's table of identities, and `audit` that of events. `new` is an INSERT of
    the owner whose id is the `user_id` of the one row of `linked`:
    `INSERT INTO users (id) SELECT user_id FROM linked`.
    """

    table: type[IdentityColumns]
    audit: type[AuditColumns]
    new: str


class Identities:
    """Looks subjects up, and has those that are seen for the first time made, once each."""

    def __init__(self, database: Database, owners: Owners, *, makes_new: bool) -> None:
        """Without `makes_new` only those are known who have been linked before."""
        self._database = database
        name = quoted(table_of(owners.table))
        self._find = (
            f"SELECT user_id FROM {name} WHERE issuer = %(issuer)s AND subject = %(subject)s"
        )
        # The link first: whoever comes second finds it taken, and makes nobody. That it refers to
        # somebody is only looked at when the statement is at its end.
        self._makes_new = makes_new
        self._make = f"""
            WITH linked AS (
                INSERT INTO {name} (issuer, subject, user_id)
                VALUES (%(issuer)s, %(subject)s, %(new_id)s)
                ON CONFLICT (issuer, subject) DO NOTHING RETURNING user_id
            ), made AS ({owners.new})
            SELECT user_id FROM linked"""

    def owner_of(self, issuer: str, subject: str) -> UUID | None:
        """Find whose rows a subject's are; None where nobody is linked to it, and none is made."""
        names = {"issuer": issuer, "subject": subject}
        with UnitOfWork(self._database) as work:
            rows = work.execute(self._find, names)
            if not rows and self._makes_new:
                new = {**names, "new_id": uuid_utils.compat.uuid7()}
                # What somebody else, or an attempt whose reply was lost, has made, is found.
                rows = work.execute(self._make, new) or work.execute(self._find, names)
        return rows[0][0] if rows else None


class Links:
    """Links subjects to those who own rows, and takes that back, for whoever has the database."""

    def __init__(self, work: UnitOfWork, owners: Owners, issuer: str) -> None:
        self._work = work
        self._issuer = issuer
        table = table_of(owners.table)
        (owner,) = table.c["user_id"].foreign_keys
        name, audit = quoted(table), quoted(table_of(owners.audit))
        is_meant = "issuer = %(issuer)s AND subject = %(subject)s"
        audited = f"""
            INSERT INTO {audit} (id, action, principal, user_id, detail)
            SELECT gen_random_uuid(), %(action)s, 'command', user_id,
                json_build_object('issuer', issuer, 'subject', subject)
            FROM changed RETURNING id"""
        self._link = f"""
            WITH changed AS (
                INSERT INTO {name} (issuer, subject, user_id)
                SELECT %(issuer)s, %(subject)s, id FROM {quoted(owner.column.table)}
                WHERE id = %(linked)s
                ON CONFLICT (issuer, subject) DO NOTHING RETURNING *
            ), audited AS ({audited})
            SELECT user_id FROM changed UNION ALL SELECT user_id FROM {name} WHERE {is_meant}"""
        self._unlink = f"""
            WITH changed AS (DELETE FROM {name} WHERE {is_meant} RETURNING *),
            audited AS ({audited})
            SELECT user_id FROM changed"""

    def link(self, subject: str, owner: UUID) -> UUID | None:
        """Link a subject, unless it is linked; returns to whom it is, None if there is no owner."""
        return self._run(self._link, subject, "identity.linked", owner)

    def unlink(self, subject: str) -> UUID | None:
        """Take a link back; returns to whom it was, None if there was none."""
        return self._run(self._unlink, subject, "identity.unlinked")

    def _run(self, sql: str, subject: str, action: str, owner: UUID | None = None) -> UUID | None:
        names = {"issuer": self._issuer, "subject": subject, "action": action, "linked": owner}
        rows = self._work.execute(sql, names)
        return rows[0][0] if rows else None
