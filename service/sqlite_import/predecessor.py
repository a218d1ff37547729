"""The tables of the prototype that this service came from: how to know them, whoever holds them.

Nothing is mapped to them; they are read once, from a SQLite file or from Postgres.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from sqlite_to_postgres.expected import Expected, Found, Shape

COLUMNS: dict[str, tuple[str, ...]] = {
    "users": ("id", "username", "email", "created_at", "updated_at"),
    "workflows": (
        *("id", "session_id", "user_id", "name", "status", "user_input", "input_type"),
        *("time_settings", "date_theme", "user_intent", "search_radius", "final_itinerary"),
        *("created_at", "updated_at", "completed_at"),
    ),
    "nodes": (
        *("id", "workflow_id", "node_name", "node_type", "execution_order", "status"),
        *("state_data", "input_data", "output_data", "error_message", "error_traceback"),
        *("started_at", "completed_at", "duration_ms"),
    ),
    "generations": (
        *("id", "workflow_id", "node_id", "model_name", "model_provider", "system_prompt"),
        *("user_prompt", "full_prompt", "output", "parsed_output", "temperature", "max_tokens"),
        *("prompt_tokens", "completion_tokens", "total_tokens", "latency_ms", "error_message"),
        "created_at",
    ),
}
"""The tables, parents first, and their columns in all revisions."""

ALEMBIC_REVISIONS = ("0f02a1063bcc", "efe5ca4e190f", "c6de243cef31")
"""What its `alembic_version` may hold; only the first of these could ever be applied."""

OWN = "legacy_id"
"""A column that the service's own tables of these names have, and the predecessor's never had."""


class Revision(StrEnum):
    """The revisions of the predecessor's schema, which says of itself only by its columns."""

    R1 = "r1"
    R2 = "r2"
    R3 = "r3"

    @classmethod
    def of(cls, workflows: Mapping[str, str]) -> Self:
        """Tell the revision by the columns of `workflows`."""
        if "INT" in workflows.get("id", "INT").upper():
            return cls("r1")
        return cls("r2" if "date_theme" in workflows else "r3")

    @property
    def lacks(self) -> str:
        """The one column of workflows that this revision does not have, if any."""
        return {"r1": "session_id", "r2": "", "r3": "date_theme"}[self]


class Predecessor(Shape):
    """What there is of the predecessor's tables, and what is missing in them."""

    __slots__ = ()

    @classmethod
    def described(cls, found: Found) -> Self:
        """Hold tables to the revision that comes closest."""
        revision = Revision.of(found["workflows"])
        lacks = (("workflows", revision.lacks),)
        return cls.of(found, COLUMNS, revision=revision, without=lacks)

    @classmethod
    def recognised(cls, found: Found) -> Self | None:
        """Describe the tables that are the predecessor's; None when none of them is.

        A table is taken for one when it has at least half of the columns, and is not the
        service's own. A lone table of users that has more is more likely that of any other
        application.
        """
        theirs = {name: found[name] if _is_theirs(name, found[name]) else {} for name in COLUMNS}
        known = cls.described(theirs)
        is_anybodys = known.tables == ("users",) and known.unknown_columns
        return known if known.tables and not is_anybodys else None


def _is_theirs(table: str, columns: Mapping[str, str]) -> bool:
    known = COLUMNS[table]
    return OWN not in columns and 2 * sum(name in columns for name in known) >= len(known)


EXPECTED = Expected(
    columns=COLUMNS,
    identity=("users", ("id", "username", "created_at")),
    owner="the trip planner",
    landmark="workflows",
    shape=Predecessor.described,
)
"""What is read from a source. The first user it ever had was never deleted or renamed."""
