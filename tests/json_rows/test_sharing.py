"""Rows that owners share: members see them, editors change them, and some is the owner's alone."""

from uuid import uuid4

import pytest

UNKNOWN = "01890000-0000-7000-8000-00000000dead"


class Club:
    """A club with a meeting, a remark, an invitation, and a reader in each role."""

    def __init__(self, library):
        self.library = library
        self.readers = {
            role: library.reader() for role in ("owner", "editor", "viewer", "stranger")
        }
        owner = self.client("owner")
        new = {"reader_id": self.readers["owner"], "name": "읽는 사람들"}
        made = owner.post("/clubs", json=new)
        assert made.status_code == 201, made.text
        self.club = made.get_json()["id"]
        for role in ("editor", "viewer"):
            self.let_in(self.readers[role], role)
        made = owner.post(f"/clubs/{self.club}/meetings", json={"title": "1"})
        self.meeting = made.get_json()["id"]
        self.held = owner.post(f"/clubs/{self.club}/meetings", json={"title": "2"}).json["id"]
        assert owner.post(f"/meetings/{self.held}/hold").status_code == 200
        made = owner.post(f"/meetings/{self.meeting}/remarks", json={"text": "!"})
        self.remark = made.get_json()["id"]
        made = owner.post(f"/clubs/{self.club}/invitations", json={"code": "x"})
        self.invitation = made.get_json()["id"]

    def client(self, role):
        return self.library.client(self.readers[role])

    def let_in(self, reader, role):
        self.library.rows(
            "INSERT INTO memberships (club_id, reader_id, role)"
            f" VALUES ('{self.club}', '{reader}', '{role}') RETURNING id"
        )

    def keys(self):
        return {
            name: getattr(self, name)
            for name in ("club", "meeting", "held", "remark", "invitation")
        }

    def contents(self):
        return [
            self.library.rows(f"SELECT * FROM {table} ORDER BY 1")
            for table in ("clubs", "meetings", "remarks", "minutes", "invitations", "memberships")
        ]


@pytest.fixture
def club(library):
    return Club(library)


SEEN = {
    "club": ("GET", "/clubs/{club}", None),
    "meetings": ("GET", "/clubs/{club}/meetings", None),
    "meeting": ("GET", "/meetings/{meeting}", None),
    "remarks": ("GET", "/meetings/{meeting}/remarks", None),
    "invitations": ("GET", "/clubs/{club}/invitations", None),
}
CHANGED = {
    "Changed": ("PATCH", "/clubs/{club}", {"name": "x"}),
    "Changed, nothing": ("PATCH", "/clubs/{club}", {}),
    "Transition": ("POST", "/clubs/{club}/close", None),
    "Put": ("PUT", "/clubs/{club}/minutes", {"text": "x"}),
    "New": ("POST", "/clubs/{club}/meetings", {"title": "x"}),
    "New, many": ("POST", "/clubs/{club}/meetings/many", [{"title": "x"}]),
    "New, none of many": ("POST", "/clubs/{club}/meetings/many", []),
    "Changed child": ("PATCH", "/meetings/{meeting}", {"title": "x"}),
    "Transition of a child": ("POST", "/meetings/{meeting}/hold", None),
    "Deleted child": ("DELETE", "/meetings/{meeting}", None),
    "New grandchild": ("POST", "/meetings/{meeting}/remarks", {"text": "x"}),
    "Deleted grandchild": ("DELETE", "/remarks/{remark}", None),
}
OWN = {
    "Deleted": ("DELETE", "/clubs/{club}", None),
    "New of the owner's": ("POST", "/clubs/{club}/invitations", {"code": "y"}),
    "Deleted of the owner's": ("DELETE", "/invitations/{invitation}", None),
}
ALL = SEEN | CHANGED | OWN
MAY = {
    "owner": set(ALL),
    "editor": {*SEEN, *CHANGED},
    "viewer": set(SEEN),
    "stranger": set[str](),
}


@pytest.mark.parametrize("role", ["owner", "editor", "viewer", "stranger", "anybody"])
def test_members_see_editors_change_and_some_is_the_owners(role, library):
    for name in ALL:
        check(Club(library), name, role)


def check(club, name, role):
    """Check that a role may do what is its, and that all else is 403 to who sees, 404 to others."""
    method, path, body = ALL[name]
    client = club.library.client() if role == "anybody" else club.client(role)
    before = club.contents()
    answer = client.open(path.format(**club.keys()), method=method, json=body)
    if role == "anybody" or name in MAY[role]:
        assert answer.status_code in {200, 201, 204}, (name, answer.text)
        is_change = name not in SEEN and body not in ({}, [])
        assert (club.contents() != before) == is_change, name
        return
    assert club.contents() == before, name
    if role != "stranger":
        assert answer.status_code == 403, (name, answer.text)
        assert "but not change it" in answer.get_json()["detail"]
        return
    unknown = path.format(**dict.fromkeys(club.keys(), UNKNOWN))
    other = client.open(unknown, method=method, json=body)
    assert answer.status_code == other.status_code == 404, (name, answer.text)
    assert answer.get_json()["detail"] == other.get_json()["detail"]
    assert dict(answer.headers) | {"Date": ""} == dict(other.headers) | {"Date": ""}


@pytest.mark.parametrize("versions", ['"1"', '"3"', '"99"', "*"])
def test_who_may_not_change_is_told_so_before_the_version(versions, club):
    """A viewer sees the version anyway: what keeps them out is what helps."""
    seen = {"If-Match": versions}
    for role, status in (("viewer", 403), ("stranger", 404)):
        client = club.client(role)
        change = client.patch(f"/clubs/{club.club}", json={"name": "x"}, headers=seen)
        assert change.status_code == status
        assert client.delete(f"/clubs/{club.club}", headers=seen).status_code == status
    # An editor may not delete it, whatever the version.
    assert club.client("editor").delete(f"/clubs/{club.club}", headers=seen).status_code == 403


def test_who_may_not_change_a_closed_row_is_told_so_and_a_member_that_it_is_closed(club):
    assert club.client("editor").post(f"/clubs/{club.club}/close").status_code == 200
    for role, status in (("owner", 409), ("editor", 409), ("viewer", 403), ("stranger", 404)):
        made = club.client(role).post(f"/clubs/{club.club}/meetings", json={"title": "x"})
        assert made.status_code == status, made.text


def test_lists_have_what_is_shared_and_no_more(club):
    other = club.client("stranger").post(
        "/clubs", json={"reader_id": club.readers["stranger"], "name": "another"}
    )
    for role in ("owner", "editor", "viewer"):
        (found,) = club.client(role).get("/clubs").get_json()["items"]
        assert found["id"] == club.club
    (found,) = club.client("stranger").get("/clubs").get_json()["items"]
    assert found["id"] == other.get_json()["id"]
    assert len(club.library.client().get("/clubs").get_json()["items"]) == 2


def test_a_list_of_somebody_is_sent_as_a_join(club):
    club.library.sent.clear()
    club.client("viewer").get("/clubs")
    club.client("viewer").get(f"/clubs/{club.club}/meetings")
    for sql in club.library.sent:
        assert "clubs.id IN (SELECT memberships.club_id FROM memberships WHERE" in sql
    assert len(club.library.sent) == 2


def test_who_is_let_in_and_put_out_sees_at_once(club):
    late = club.library.reader()
    client = club.library.client(late)
    assert client.get(f"/clubs/{club.club}").status_code == 404
    club.let_in(late, "viewer")
    assert client.get(f"/clubs/{club.club}").status_code == 200
    club.library.rows(f"DELETE FROM memberships WHERE reader_id = '{late}' RETURNING id")
    assert client.get(f"/clubs/{club.club}").status_code == 404


def test_nobody_founds_a_club_for_another(club):
    new = {"reader_id": club.readers["owner"], "name": "x"}
    answers = []
    for reader in (club.readers["owner"], str(uuid4())):
        made = club.client("editor").post("/clubs", json=new | {"reader_id": reader})
        answers.append((made.status_code, made.text.replace(reader, "…")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_one_request_is_one_round_trip_for_whoever_is_let_in(club):
    for role in ("owner", "editor", "viewer"):
        for name in ("club", "meetings", "Changed", "New"):
            method, path, body = ALL[name]
            club.library.sent.clear()
            club.client(role).open(path.format(**club.keys()), method=method, json=body)
            assert len(club.library.sent) == 1, (role, name)


def test_who_may_not_put_out_others_may_still_go(club):
    viewer = club.client("viewer")
    rows = viewer.get(f"/clubs/{club.club}/members").get_json()["items"]
    assert len(rows) == 3
    members = {row["role"]: row["id"] for row in rows}
    assert viewer.delete(f"/members/{members['editor']}").status_code == 403
    assert club.client("editor").delete(f"/members/{members['viewer']}").status_code == 403
    assert club.client("stranger").delete(f"/members/{members['viewer']}").status_code == 404
    assert viewer.delete(f"/members/{members['viewer']}").status_code == 204
    assert viewer.get(f"/clubs/{club.club}").status_code == 404
    assert club.client("owner").delete(f"/members/{members['editor']}").status_code == 204
