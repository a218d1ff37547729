"""Clubs over REST."""

from uuid import UUID

from json_rows import Blueprint, Query, Selection
from tests.json_rows.club_models import (
    ClubChange,
    ClubCreate,
    ClubRead,
    InvitationRead,
    InvitationWrite,
    MeetingChange,
    MeetingRead,
    MeetingWrite,
    MinutesRead,
    MinutesWrite,
    RemarkRead,
    RemarkWrite,
)
from tests.json_rows.clubs import (
    CHANGED_CLUB,
    CHANGED_MEETING,
    CLOSE_CLUB,
    DELETED_CLUB,
    DELETED_INVITATION,
    DELETED_MEETING,
    DELETED_MEMBERSHIP,
    DELETED_REMARK,
    HOLD_MEETING,
    NEW_CLUB,
    NEW_INVITATION,
    NEW_MEETING,
    NEW_MEETINGS,
    NEW_REMARK,
    PUT_MINUTES,
    clubs,
    invitations,
    meetings,
    memberships,
    remarks,
)

blueprint = Blueprint("clubs", __name__, url_prefix="/")


@blueprint.post("/clubs")
@blueprint.arguments(ClubCreate)
@blueprint.response(201, ClubRead, etag=True)
def add_club(new: ClubCreate) -> Query:
    """Found a club."""
    return NEW_CLUB.query(new)


@blueprint.get("/clubs")
@blueprint.paginate(clubs.listing)
def list_clubs() -> Selection:
    """List clubs."""
    return clubs.where()


@blueprint.get("/clubs/<uuid:club_id>")
@blueprint.response(200, ClubRead, etag=True)
def get_club(club_id: UUID) -> Query:
    """Get a club."""
    return clubs.get(club_id)


@blueprint.patch("/clubs/<uuid:club_id>")
@blueprint.arguments(ClubChange)
@blueprint.if_match(required=False)
@blueprint.response(200, ClubRead, etag=True)
def change_club(change: ClubChange, club_id: UUID, versions: list[int] | None) -> Query:
    """Change a club."""
    return CHANGED_CLUB.query(club_id, change, versions)


@blueprint.delete("/clubs/<uuid:club_id>")
@blueprint.if_match(required=False)
@blueprint.response(204)
def delete_club(club_id: UUID, versions: list[int] | None) -> Query:
    """Dissolve a club."""
    return DELETED_CLUB.query(club_id, versions)


@blueprint.post("/clubs/<uuid:club_id>/close")
@blueprint.response(200, ClubRead, etag=True)
def close_club(club_id: UUID) -> Query:
    """Close a club."""
    return CLOSE_CLUB.query(club_id)


@blueprint.put("/clubs/<uuid:club_id>/minutes")
@blueprint.arguments(MinutesWrite)
@blueprint.response(200, MinutesRead)
def put_minutes(text: MinutesWrite, club_id: UUID) -> Query:
    """Put the minutes of a club."""
    return PUT_MINUTES.query(club_id, text)


@blueprint.get("/clubs/<uuid:club_id>/meetings")
@blueprint.paginate(meetings.listing)
def list_meetings(club_id: UUID) -> Selection:
    """List the meetings of a club."""
    return meetings.within(club_id)


@blueprint.post("/clubs/<uuid:club_id>/meetings")
@blueprint.arguments(MeetingWrite)
@blueprint.response(201, MeetingRead)
def add_meeting(new: MeetingWrite, club_id: UUID) -> Query:
    """Call a meeting."""
    return NEW_MEETING.query(new, club_id)


@blueprint.post("/clubs/<uuid:club_id>/meetings/many")
@blueprint.arguments(list[MeetingWrite])
@blueprint.response(201, list[MeetingRead])
def add_meetings(new: list[MeetingWrite], club_id: UUID) -> Query:
    """Call meetings."""
    return NEW_MEETINGS.query(new, club_id)


@blueprint.get("/meetings/<uuid:meeting_id>")
@blueprint.response(200, MeetingRead)
def get_meeting(meeting_id: UUID) -> Query:
    """Get a meeting."""
    return meetings.get(meeting_id)


@blueprint.patch("/meetings/<uuid:meeting_id>")
@blueprint.arguments(MeetingChange)
@blueprint.response(200, MeetingRead)
def change_meeting(change: MeetingChange, meeting_id: UUID) -> Query:
    """Change a meeting."""
    return CHANGED_MEETING.query(meeting_id, change)


@blueprint.post("/meetings/<uuid:meeting_id>/hold")
@blueprint.response(200, MeetingRead)
def hold_meeting(meeting_id: UUID) -> Query:
    """Hold a meeting."""
    return HOLD_MEETING.query(meeting_id)


@blueprint.delete("/meetings/<uuid:meeting_id>")
@blueprint.response(204)
def delete_meeting(meeting_id: UUID) -> Query:
    """Cancel a meeting."""
    return DELETED_MEETING.query(meeting_id)


@blueprint.get("/meetings/<uuid:meeting_id>/remarks")
@blueprint.paginate(remarks.listing)
def list_remarks(meeting_id: UUID) -> Selection:
    """List the remarks of a meeting."""
    return remarks.within(meeting_id)


@blueprint.post("/meetings/<uuid:meeting_id>/remarks")
@blueprint.arguments(RemarkWrite)
@blueprint.response(201, RemarkRead)
def add_remark(new: RemarkWrite, meeting_id: UUID) -> Query:
    """Make a remark."""
    return NEW_REMARK.query(new, meeting_id)


@blueprint.delete("/remarks/<uuid:remark_id>")
@blueprint.response(204)
def delete_remark(remark_id: UUID) -> Query:
    """Take a remark back."""
    return DELETED_REMARK.query(remark_id)


@blueprint.get("/clubs/<uuid:club_id>/invitations")
@blueprint.paginate(invitations.listing)
def list_invitations(club_id: UUID) -> Selection:
    """List the invitations of a club."""
    return invitations.within(club_id)


@blueprint.post("/clubs/<uuid:club_id>/invitations")
@blueprint.arguments(InvitationWrite)
@blueprint.response(201, InvitationRead)
def add_invitation(new: InvitationWrite, club_id: UUID) -> Query:
    """Invite somebody."""
    return NEW_INVITATION.query(new, club_id)


@blueprint.delete("/invitations/<uuid:invitation_id>")
@blueprint.response(204)
def delete_invitation(invitation_id: UUID) -> Query:
    """Take an invitation back."""
    return DELETED_INVITATION.query(invitation_id)


@blueprint.get("/clubs/<uuid:club_id>/members")
@blueprint.paginate(memberships.listing)
def list_members(club_id: UUID) -> Selection:
    """List the members of a club."""
    return memberships.within(club_id)


@blueprint.delete("/members/<uuid:member_id>")
@blueprint.response(204)
def delete_member(member_id: UUID) -> Query:
    """Put a member out, or leave."""
    return DELETED_MEMBERSHIP.query(member_id)
