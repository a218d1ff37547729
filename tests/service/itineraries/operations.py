"""What can be done with itineraries: queries on one, for people who may or may not."""

from uuid import uuid4

from service.domain.itineraries import duplicate, itineraries, version_of
from service.domain.itinerary_changes import (
    ADD_ITEM,
    CHANGE_ITEM,
    CHANGE_PLAN,
    REMOVE_ITEM,
    REORDER,
    REPLACE_ITEMS,
    RESTORE,
    SHIFT,
)
from service.domain.itinerary_diff import difference
from service.domain.itinerary_members import change_role, invite, member_of, remove
from service.domain.itinerary_owners import DELETED_ITINERARY, archive, transfer
from service.models.itinerary_edit import (
    Duplicate,
    ItemsWrite,
    ItemUpdate,
    ItineraryUpdate,
    Reorder,
    Shift,
)
from service.models.itinerary_item import ItemWrite, Place
from service.models.itinerary_member import GivenRole, MemberCreate, MemberUpdate, Transfer


def member(user_id, role=GivenRole.EDITOR):
    return MemberCreate(user_id=user_id, role=role)


ITEM = ItemWrite(start_minute=0, duration_minutes=1, place=Place(name="x"))

VIEWER = MemberUpdate(role=GivenRole.VIEWER)

SEEN = {
    "itinerary": lambda key, _: itineraries.get(key),
    "in part": lambda key, _: itineraries.get(key, ["id"]),
    "version": lambda key, _: version_of(key, 1),
    "difference": lambda key, _: difference(key, 1, 1),
    "member": lambda key, people: member_of(key, people.owner),
    "duplicate": lambda key, people: duplicate(key, Duplicate(user_id=people.asker)),
}
CHANGED = {
    "plan": lambda key, _: CHANGE_PLAN.query(key, ItineraryUpdate(title="x"), None),
    "plan, unseen": lambda key, _: CHANGE_PLAN.query(key, ItineraryUpdate(title="x"), [9]),
    "items": lambda key, _: REPLACE_ITEMS.query(key, ItemsWrite(items=[]), None),
    "item added": lambda key, _: ADD_ITEM.query(key, ITEM, None),
    "item": lambda key, _: CHANGE_ITEM.query(key, ItemUpdate(notes="x"), None, position=1),
    "no item": lambda key, _: CHANGE_ITEM.query(key, ItemUpdate(notes="x"), None, position=9),
    "item removed": lambda key, _: REMOVE_ITEM.query(key, None, None, position=1),
    "order": lambda key, _: REORDER.query(key, Reorder(positions=[1]), None),
    "time": lambda key, _: SHIFT.query(key, Shift(minutes=1), None),
    "restored": lambda key, _: RESTORE.query(key, None, None, number=1),
}
OWNED = {
    "deleted": lambda key, _: DELETED_ITINERARY.query(key),
    "deleted, unseen": lambda key, _: DELETED_ITINERARY.query(key, [9]),
    "archived": lambda key, _: archive(key, None, away=True),
    "unarchived": lambda key, _: archive(key, None, away=False),
    "transferred": lambda key, people: transfer(key, Transfer(user_id=people.editor)),
    "invited": lambda key, people: invite(key, member(people.stranger)),
    "invited nobody": lambda key, _: invite(key, member(uuid4())),
    "role": lambda key, people: change_role(key, people.editor, VIEWER),
    "removed": lambda key, people: remove(key, people.editor),
}
