"""The tables of clubs, which readers share, and of what clubs have."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Field, SQLModel

from json_rows import Identity, Input, Output, Versioned
from tests.json_rows.shelf_models import Stored


class ClubBase(SQLModel):
    """What a client says of a club."""

    reader_id: UUID = Field(foreign_key="readers.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=100)


class ClubStanding(SQLModel):
    """How a club stands."""

    status: str = "open"
    meeting_count: int = 0


class Club(Stored, ClubStanding, ClubBase, Versioned, Identity, table=True):
    """The table of clubs."""

    __tablename__ = "clubs"


class ClubCreate(Input, ClubBase, Identity):
    """A new club."""


class ClubChange(Input):
    """What changes of a club."""

    name: str = ""


class ClubRead(Output, ClubStanding, ClubBase, Versioned, Identity):
    """A club."""


class Membership(Stored, table=True):
    """The table of members; the owner of a club is one of them."""

    __tablename__ = "memberships"
    id: UUID = Field(
        primary_key=True, sa_column_kwargs={"server_default": text("gen_random_uuid()")}
    )
    club_id: UUID = Field(foreign_key="clubs.id", ondelete="CASCADE", index=True)
    reader_id: UUID = Field(foreign_key="readers.id", ondelete="CASCADE", index=True)
    role: str


class MembershipRead(Output):
    """A member."""

    id: UUID
    club_id: UUID
    reader_id: UUID
    role: str


class MeetingBase(SQLModel):
    """What a client says of a meeting."""

    title: str


class Meeting(Stored, MeetingBase, Versioned, Identity, table=True):
    """The table of meetings."""

    __tablename__ = "meetings"
    club_id: UUID = Field(foreign_key="clubs.id", ondelete="CASCADE", index=True)
    status: str = "planned"


class MeetingWrite(Input, MeetingBase, Identity):
    """A new meeting."""


class MeetingChange(Input):
    """What changes of a meeting."""

    title: str = ""


class MeetingRead(Output, MeetingBase, Versioned, Identity):
    """A meeting."""

    club_id: UUID
    status: str


class Remark(Stored, Identity, table=True):
    """The table of remarks, which are made at meetings."""

    __tablename__ = "remarks"
    meeting_id: UUID = Field(foreign_key="meetings.id", ondelete="CASCADE", index=True)
    text: str


class RemarkWrite(Input, Identity):
    """A new remark."""

    text: str


class RemarkRead(Output, Identity):
    """A remark."""

    meeting_id: UUID
    text: str


class Minutes(Stored, table=True):
    """The table of minutes, one row for each club that has some."""

    __tablename__ = "minutes"
    club_id: UUID = Field(primary_key=True, foreign_key="clubs.id", ondelete="CASCADE")
    text: str


class MinutesWrite(Input):
    """Minutes."""

    text: str


class MinutesRead(Output):
    """Minutes."""

    club_id: UUID
    text: str


class Invitation(Stored, Identity, table=True):
    """The table of invitations, which only a club's owner sends."""

    __tablename__ = "invitations"
    club_id: UUID = Field(foreign_key="clubs.id", ondelete="CASCADE", index=True)
    code: str


class InvitationWrite(Input, Identity):
    """A new invitation."""

    code: str


class InvitationRead(Output, Identity):
    """An invitation."""

    club_id: UUID
    code: str
