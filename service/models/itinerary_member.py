"""Members of an itinerary: who may see it, who may change it, and whose it is."""

from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import model_validator
from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from json_rows.models import Identity, Input, Output, Timestamp, default, like, one_of
from service.models import examples
from service.models.user import SoughtUsername


class MemberRole(StrEnum):
    """What a member may do: all, see and change, or see."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class GivenRole(StrEnum):
    """What an owner can let others do."""

    EDITOR = "editor"
    VIEWER = "viewer"


class MemberBase(SQLModel):
    """Who may do what."""

    itinerary_id: UUID = Field(
        foreign_key="itineraries.id",
        ondelete="CASCADE",
        description="The itinerary.",
        schema_extra=like(examples.ITINERARY_ID),
    )
    user_id: UUID = Field(
        foreign_key="users.id",
        ondelete="CASCADE",
        description="The person.",
        schema_extra=like(examples.USER),
    )
    role: MemberRole = Field(
        sa_type=Text, description="What they may do.", schema_extra=like("editor")
    )
    created_at: Timestamp = Field(description="Since when.", sa_column_kwargs=default("now()"))


class ItineraryMember(MemberBase, table=True):
    """The table of members; the owner is one of them."""

    __tablename__ = "itinerary_members"

    id: UUID = Field(
        primary_key=True, sa_column_kwargs={"server_default": text("gen_random_uuid()")}
    )

    __table_args__ = (
        one_of("role", MemberRole),
        UniqueConstraint("itinerary_id", "user_id"),
        Index(
            "uq_itinerary_members_itinerary_id_owner",
            "itinerary_id",
            unique=True,
            postgresql_where=text("role = 'owner'"),
        ),
        Index("ix_itinerary_members_user_id_itinerary_id", "user_id", "itinerary_id"),
    )


class MemberCreate(Input):
    """Somebody who is let in: by name, or by id."""

    username: SoughtUsername | None = Field(
        default=None,
        max_length=100,
        description="In any case and spelling; or `user_id`.",
        schema_extra=like("하늘"),
    )
    user_id: UUID | None = Field(
        default=None, description="Or `username`.", schema_extra=like(examples.FRIEND)
    )
    role: GivenRole = Field(description="What they may do.", schema_extra=like("editor"))

    @model_validator(mode="after")
    def _is_one_person(self) -> Self:
        if (self.username is None) == (self.user_id is None):
            message = "either username or user_id must say who it is"
            raise ValueError(message)
        return self


class MemberUpdate(Input):
    """Another role for a member."""

    role: GivenRole = Field(description="What they may do.", schema_extra=like("viewer"))


class Transfer(Input):
    """Another owner: one of the members."""

    user_id: UUID = Field(description="Whose it is from now on.", schema_extra=like(examples.USER))


class MemberRead(Output, MemberBase, Identity):
    """A member."""

    username: str = Field(description="By which they are known.", schema_extra=like("하늘"))
    display_name: str | None = Field(
        description="By which they want to be called.", schema_extra=like("김하늘")
    )
