"""Members of itineraries: who may see, who may change, whose it is.

What each of the points of the security design asks of itineraries stands in the tests' docstrings.
"""

from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from json_rows import UnitOfWork
from json_rows.listing import Page, cut
from service.domain.itineraries import itineraries, new_itinerary, versions
from service.domain.itinerary_changes import CHANGE_PLAN
from service.domain.itinerary_members import invite, members, remove
from service.models.itinerary import ItineraryCreate
from service.models.itinerary_edit import ItineraryUpdate
from service.models.itinerary_member import GivenRole, MemberCreate
from smorest_sqlmodel.errors import ApiError, ConflictError, ForbiddenError, NotFoundError

from .conftest import stop
from .operations import CHANGED, OWNED, SEEN


@pytest.fixture
def people(make):
    """An owner, an editor, a viewer and a stranger, and the itinerary of the owner."""
    names = ("owner", "editor", "viewer", "stranger")
    found = {name: make.user(username=name)["id"] for name in names}
    plan = make.itinerary(stop(), user_id=found["owner"], title="비밀")
    make.member(plan["id"], found["editor"], "editor")
    make.member(plan["id"], found["viewer"], "viewer")
    ids = {name: UUID(value) for name, value in found.items()}
    return SimpleNamespace(**ids, plan=UUID(plan["id"]), asker=None)


def ask(database, people, asker, query, key=None):
    """Ask as somebody, and undo it: what was answered, or what is told of an error."""
    people.asker = asker
    with UnitOfWork(database, owner=asker) as work:
        work.begin()
        try:
            return work.run(query(key or people.plan, people))
        except ApiError as error:
            return error


def told(error):
    return type(error), error.detail, error.errors, error.members, error.headers


@pytest.mark.parametrize("name", [*SEEN, *CHANGED, *OWNED])
def test_a_stranger_sees_what_an_unknown_id_shows(name, database, people, nowhere):
    """As security 12 asks: in locks, in the 412 of an old version, in what refuses a body."""
    query = (SEEN | CHANGED | OWNED)[name]
    found, unknown = (
        ask(database, people, people.stranger, query, key) for key in (people.plan, nowhere)
    )
    assert told(found) == told(unknown)
    assert isinstance(found, NotFoundError)


@pytest.mark.parametrize("name", SEEN)
def test_all_members_see(name, database, people):
    for asker in (people.owner, people.editor, people.viewer, None):
        if asker or name != "duplicate":
            assert not isinstance(ask(database, people, asker, SEEN[name]), ApiError)


@pytest.mark.parametrize("name", CHANGED)
def test_owners_and_editors_change_and_viewers_are_told_that_they_may_not(name, database, people):
    for asker in (people.owner, people.editor, None):
        assert not isinstance(ask(database, people, asker, CHANGED[name]), ForbiddenError)
    assert isinstance(ask(database, people, people.viewer, CHANGED[name]), ForbiddenError)


@pytest.mark.parametrize("name", OWNED)
def test_only_owners_share_delete_and_hand_over(name, database, people):
    for asker in (people.owner, None):
        assert not isinstance(ask(database, people, asker, OWNED[name]), ForbiddenError)
    for asker in (people.editor, people.viewer):
        if name == "removed" and asker == people.editor:
            continue  # They leave.
        assert isinstance(ask(database, people, asker, OWNED[name]), ForbiddenError)


def test_a_stranger_waits_for_no_lock(database, people):
    """As security 12 asks: a lock on another's row would tell by time that it is there."""
    with UnitOfWork(database, owner=people.owner) as holding:
        holding.begin()
        holding.run(CHANGE_PLAN.query(people.plan, ItineraryUpdate(title="x"), None))
        with UnitOfWork(database, owner=people.stranger) as work:
            work.begin()
            work.execute("SET LOCAL lock_timeout = '1ms'")
            for query in (*CHANGED.values(), *OWNED.values()):
                with pytest.raises(NotFoundError):
                    work.run(query(people.plan, people))


def listed(database, asker, selection):
    listing = selection.listing
    page = Page(50, listing.default_sort, listing.names, None)
    with UnitOfWork(database, owner=asker) as work:
        return cut(work.fetch(selection.query(page)), page).items


def test_lists_have_what_the_asker_may_see(database, people):
    for asker in (people.owner, people.editor, people.viewer, None):
        assert len(listed(database, asker, itineraries.where())) == 1
        assert len(listed(database, asker, versions.within(people.plan))) == 1
        assert len(listed(database, asker, members.within(people.plan))) == 3
    for selection in (itineraries.where(), members.within(people.plan)):
        assert listed(database, people.stranger, selection) == []


def test_an_owner_is_who_asks_and_no_other(database, people):
    """As security 13 asks: left out it is filled in; another's is as that of nobody."""
    with UnitOfWork(database, owner=people.viewer) as work:
        own = work.run(new_itinerary(ItineraryCreate(title="x", user_id=people.viewer)))
        assert str(people.viewer).encode() in own.json
        answers = []
        for other in (people.owner, uuid4()):
            with pytest.raises(ApiError) as refused:
                work.run(new_itinerary(ItineraryCreate(title="x", user_id=other)))
            answers.append(told(refused.value))
        assert answers[0] == answers[1]
        assert answers[0][2][0].pointer == "/user_id"


def test_a_workflow_of_others_is_as_one_that_is_not_there(database, people, make):
    """As security 12 asks: ids in bodies, too."""
    theirs = UUID(make.workflow(user_id=str(people.owner))["id"])
    answers = []
    for workflow in (theirs, uuid4()):
        body = ItineraryCreate(title="x", workflow_id=workflow)
        with UnitOfWork(database, owner=people.viewer) as work, pytest.raises(ApiError) as refused:
            work.run(new_itinerary(body))
        answers.append(told(refused.value))
    assert answers[0] == answers[1]


def test_an_id_of_others_is_taken_and_nothing_of_theirs_is_shown(database, people):
    """As security 14 asks: that the id is taken is said, and no more."""
    body = ItineraryCreate(id=people.plan, title="비밀")
    with UnitOfWork(database, owner=people.stranger) as work, pytest.raises(ConflictError) as taken:
        work.run(new_itinerary(body))
    assert str(people.owner) not in str(told(taken.value))


def test_people_are_invited_by_any_spelling_of_their_name(client, people, make, pointers):
    """As security 15 asks: by the name as it is folded, so nobody else can pass for them."""
    friend = make.user(username="\uff28aneul", display_name="김하늘")
    path = f"/v1/itineraries/{people.plan}/members"
    made = client.post(path, json={"username": "HANEUL", "role": "viewer"})
    assert made.status_code == 201
    assert (made.json["user_id"], made.json["display_name"]) == (friend["id"], "김하늘")
    again = client.post(path, json={"user_id": friend["id"], "role": "viewer"})
    assert (again.status_code, again.json) == (200, made.json)
    other = client.post(path, json={"user_id": friend["id"], "role": "editor"})
    assert (other.status_code, other.json["current"]) == (409, "viewer")
    assert pointers(client.post(path, json={"username": "nobody", "role": "viewer"})) == [
        "/username"
    ]
    assert pointers(client.post(path, json={"user_id": str(uuid4()), "role": "viewer"})) == [
        "/user_id"
    ]
    assert pointers(client.post(path, json={"username": "x", "role": "owner"})) == ["/role"]
    for who in ({}, {"username": "x", "user_id": friend["id"]}):
        assert client.post(path, json={**who, "role": "viewer"}).status_code == 422


def test_an_owner_who_invites_sees_the_names_of_others(database, people):
    with UnitOfWork(database, owner=people.owner) as work:
        row = work.run(
            invite(people.plan, MemberCreate(username="stranger", role=GivenRole.VIEWER))
        )
        assert row.created
        assert b'"username":"stranger"' in row.json
    found = listed(database, people.owner, members.within(people.plan))
    assert b"stranger" in b"".join(found)


def test_roles_change_and_members_go(client, database, people, problem):
    path = f"/v1/itineraries/{people.plan}/members"
    changed = client.patch(f"{path}/{people.editor}", json={"role": "viewer"})
    assert (changed.status_code, changed.json["role"]) == (200, "viewer")
    error = ask(database, people, people.editor, CHANGED["plan"])
    assert isinstance(error, ForbiddenError)
    assert client.delete(f"{path}/{people.editor}").status_code == 204
    problem(client.delete(f"{path}/{people.editor}"), 404)
    problem(client.patch(f"{path}/{people.editor}", json={"role": "viewer"}), 404)
    with UnitOfWork(database, owner=people.viewer) as work:
        work.run(remove(people.plan, people.viewer))  # They leave.
    assert isinstance(ask(database, people, people.viewer, SEEN["itinerary"]), NotFoundError)
    for response in (
        client.delete(f"{path}/{people.owner}"),
        client.patch(f"{path}/{people.owner}", json={"role": "viewer"}),
    ):
        assert problem(response, 409)["current"] == "owner"


def test_an_itinerary_is_handed_over(client, database, people, pointers):
    path = f"/v1/itineraries/{people.plan}"
    assert pointers(client.post(f"{path}/transfer", json={"user_id": str(people.stranger)})) == [
        "/user_id"
    ]
    for _ in range(2):
        given = client.post(f"{path}/transfer", json={"user_id": str(people.viewer)})
        assert (given.status_code, given.json["user_id"]) == (200, str(people.viewer))
        assert given.json["version"] == 2
    roles = {each["user_id"]: each["role"] for each in client.get(f"{path}/members").json["items"]}
    assert roles == {
        str(people.owner): "editor",
        str(people.editor): "editor",
        str(people.viewer): "owner",
    }
    assert isinstance(ask(database, people, people.owner, OWNED["deleted"]), ForbiddenError)
    assert not isinstance(ask(database, people, people.viewer, OWNED["deleted"]), ApiError)


def test_authors_are_noted_and_what_they_made_outlives_them(client, database, people):
    """As security 25 asks: who is erased is named nowhere; the owner's plan stays."""
    with UnitOfWork(database, owner=people.editor) as work:
        work.run(CHANGE_PLAN.query(people.plan, ItineraryUpdate(title="연남"), [1]))
    path = f"/v1/itineraries/{people.plan}"
    version = client.get(f"{path}/versions/2").json
    assert version["author_id"] == str(people.editor)
    user = f"/v1/users/{people.editor}"
    assert client.delete(user, headers={"If-Match": "*"}).status_code in {200, 204}
    version = client.get(f"{path}/versions/2").json
    assert (version["author_id"], version["title"]) == (None, "연남")
    left = client.get(f"{path}/members").json["items"]
    assert str(people.editor) not in str(left)
    owner = f"/v1/users/{people.owner}"
    assert client.delete(owner, headers={"If-Match": "*"}).status_code in {200, 204}
    assert client.get(path).status_code == 404


def test_kept_answers_hold_no_name_of_who_was_let_in(client, database, people):
    """As security 25 asks: nothing that is kept of an answer outlives the person."""
    headers = {"Idempotency-Key": "k"}
    path = f"/v1/itineraries/{people.plan}/members"
    body = {"user_id": str(people.stranger), "role": "viewer"}
    first = client.post(path, json=body, headers=headers)
    assert first.status_code == 201
    with UnitOfWork(database) as work:
        kept = work.execute("SELECT convert_from(body, 'UTF8') FROM idempotency_keys")
    assert "stranger" not in str(kept)
    again = client.post(path, json=body, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json
