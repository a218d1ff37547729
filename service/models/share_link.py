"""Share links: whoever has one sees a plan, without a key."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, AfterValidator, ValidationInfo, field_validator
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from json_rows.models import INT_MAX, Identity, Input, Output, Timestamp, default, like, one_of
from service.models import examples


class ShareKind(StrEnum):
    """What a link leads to: a plan as JSON, or a calendar to subscribe to."""

    WEB = "web"
    ICS = "ics"


LONGEST = timedelta(days=2 * 365)
"""How long a link may show anything; whoever wants more makes another one."""

USUAL = {ShareKind.WEB: timedelta(days=90), ShareKind.ICS: timedelta(days=365)}
"""How long links do for which nobody says so."""


def _is_in_reach(moment: datetime) -> datetime:
    now = datetime.now(UTC)
    if moment <= now:
        message = "must lie in the future"
        raise ValueError(message)
    if moment > now + LONGEST:
        message = f"must lie within {LONGEST.days} days"
        raise ValueError(message)
    return moment


class ShareBase(SQLModel):
    """What a link shows, and until when."""

    kind: ShareKind = Field(
        default=ShareKind.WEB,
        sa_type=Text,
        description="What it leads to.",
        schema_extra=like("web"),
    )
    pinned_version: int | None = Field(
        default=None,
        ge=1,
        description="The number of the version that it shows; null: the current one, so that "
        "later edits show.",
        schema_extra=like(1),
    )
    expires_at: Timestamp = Field(description="From when on it shows nothing.")


class ShareRecord(SQLModel):
    """What the service keeps of a link."""

    itinerary_id: UUID = Field(
        foreign_key="itineraries.id",
        ondelete="CASCADE",
        description="The itinerary.",
        schema_extra=like(examples.ITINERARY_ID),
    )
    created_by: UUID | None = Field(
        default=None,
        description="The member who made it, with whose membership it goes; null where it was "
        "nobody in particular.",
        schema_extra=like(examples.USER),
    )
    created_at: Timestamp = Field(
        description="When it was made.", sa_column_kwargs=default("now()")
    )
    revoked_at: Timestamp | None = Field(default=None, description="When it was revoked.")


class ShareLink(ShareRecord, ShareBase, Identity, table=True):
    """The table of links; of a token it holds the SHA-256 only."""

    __tablename__ = "share_links"

    digest: bytes = Field(sa_type=LargeBinary)

    __table_args__ = (
        one_of("kind", ShareKind),
        CheckConstraint("pinned_version >= 1", name="pinned_version_positive"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        ForeignKeyConstraint(
            ["itinerary_id", "created_by"],
            ["itinerary_members.itinerary_id", "itinerary_members.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["itinerary_id", "pinned_version"],
            ["itinerary_versions.itinerary_id", "itinerary_versions.number"],
            ondelete="CASCADE",
        ),
        Index("uq_share_links_digest", "digest", unique=True),
        Index("ix_share_links_itinerary_id_created_at_id", "itinerary_id", "created_at", "id"),
        Index("ix_share_links_itinerary_id_created_by", "itinerary_id", "created_by"),
        Index("ix_share_links_itinerary_id_pinned_version", "itinerary_id", "pinned_version"),
    )


class ShareCreate(Input, Identity):
    """A new link."""

    kind: ShareKind = Field(
        default=ShareKind.WEB, description="What it leads to.", schema_extra=like("web")
    )
    live: bool | None = Field(
        default=None,
        description="Whether later edits show. Left out, they do in a calendar, and not in what "
        "is looked at once.",
        schema_extra=like(example=False),
    )
    pinned_version: int | None = Field(
        default=None,
        ge=1,
        le=INT_MAX,
        description="The number of the version that it shows, if not the current one.",
        schema_extra=like(1),
    )
    expires_at: Annotated[Timestamp, AfterValidator(_is_in_reach)] | None = Field(
        default=None,
        description=f"From when on it shows nothing: within {LONGEST.days} days. Left out, it is "
        f"{USUAL[ShareKind.WEB].days} days, for a calendar {USUAL[ShareKind.ICS].days}.",
    )

    @field_validator("pinned_version")
    @classmethod
    def _is_not_live_too(cls, number: int | None, others: ValidationInfo) -> int | None:
        if number is not None and others.data.get("live"):
            message = "must be left out where later edits are to show"
            raise ValueError(message)
        return number

    @property
    def shows_edits(self) -> bool:
        """Whether it shows what the itinerary becomes, rather than one version of it."""
        if self.live is None:
            return self.kind is ShareKind.ICS and self.pinned_version is None
        return self.live


class ShareWrite(ShareBase, Identity):
    """A link as it is written."""

    digest: str = Field(description="SHA-256 of its token, as Postgres writes bytes.")


class ShareRevocation(SQLModel):
    """That a link is revoked."""

    revoked_at: Timestamp


class ShareRead(Output, ShareRecord, ShareBase, Identity):
    """A link, without its token, which is shown once."""

    live: bool = Field(description="Whether later edits show.", schema_extra=like(example=False))


class ShareMade(ShareRead):
    """A link that has just been made."""

    token: str | MISSING = Field(
        default=MISSING,
        description="What lets anybody in. It is shown this once: a repeated request is answered "
        "without it.",
        schema_extra=like(examples.SHARE_LINK),
    )
    url: str | MISSING = Field(
        default=MISSING,
        description="Where it leads, the token included.",
        schema_extra=like(f"https://trips.example.com/v1/shared/{examples.SHARE_LINK}"),
    )
