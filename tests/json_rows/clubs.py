"""What can be done with clubs, whose members see them, and whose editors change them."""

from json_rows import Changed, Deleted, New, Put, Resource, Transition
from tests.json_rows.club_models import (
    Club,
    ClubCreate,
    ClubRead,
    Invitation,
    InvitationRead,
    InvitationWrite,
    Meeting,
    MeetingRead,
    MeetingWrite,
    Membership,
    MembershipRead,
    Minutes,
    MinutesRead,
    MinutesWrite,
    Remark,
    RemarkRead,
    RemarkWrite,
)

clubs = Resource(
    "club",
    Club,
    ClubRead,
    owner="reader_id",
    shared_by=Membership,
    writers="{member}.role IN ('owner', 'editor')",
    states={"open": frozenset({"closed"}), "closed": frozenset()},
    goes_with={"reader_id": "reader_id"},
    sorts={"name": "clubs.name"},
    default_sort="name",
)
memberships = Resource(
    "member",
    Membership,
    MembershipRead,
    parent=clubs,
    by_owner=True,
    or_by="reader_id",
    sorts={"role": "memberships.role"},
    default_sort="role",
)
meetings = Resource(
    "meeting",
    Meeting,
    MeetingRead,
    parent=clubs,
    states={"planned": frozenset({"held"}), "held": frozenset()},
    sorts={"title": "meetings.title"},
    default_sort="title",
)
remarks = Resource(
    "remark", Remark, RemarkRead, parent=meetings, sorts={"id": "remarks.id"}, default_sort="id"
)
minutes = Resource("minutes", Minutes, MinutesRead, parent=clubs)
invitations = Resource(
    "invitation",
    Invitation,
    InvitationRead,
    parent=clubs,
    by_owner=True,
    sorts={"code": "invitations.code"},
    default_sort="code",
)

NEW_CLUB = New(
    clubs,
    ClubCreate,
    also={
        "owner": """INSERT INTO memberships (club_id, reader_id, role)
            SELECT added.id, added.reader_id, 'owner' FROM added"""
    },
)
CHANGED_CLUB = Changed(clubs)
CLOSE_CLUB = Transition(
    clubs,
    to="closed",
    also={
        "held": """UPDATE meetings SET status = 'held'
            FROM changed WHERE meetings.club_id = changed.id"""
    },
)
DELETED_CLUB = Deleted(clubs, by_owner=True)
_COUNTED = {"meeting_count": "clubs.meeting_count + 1"}
NEW_MEETING = New(meetings, MeetingWrite, into_open=True, parent_values=_COUNTED)
NEW_MEETINGS = New(meetings, MeetingWrite, many=True)
CHANGED_MEETING = Changed(meetings)
HOLD_MEETING = Transition(
    meetings, to="held", parent_values={"meeting_count": "clubs.meeting_count + 100"}
)
DELETED_MEETING = Deleted(meetings)
NEW_REMARK = New(remarks, RemarkWrite)
DELETED_REMARK = Deleted(remarks)
PUT_MINUTES = Put(minutes, MinutesWrite)
NEW_INVITATION = New(invitations, InvitationWrite)
DELETED_MEMBERSHIP = Deleted(memberships)
DELETED_INVITATION = Deleted(invitations)
