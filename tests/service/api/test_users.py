"""Users over REST."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote
from uuid import uuid4

import pytest

WIDE = "\uff2b\uff49\uff4d"
"""Kim, in fullwidth letters."""


def test_a_user_has_what_was_given_and_defaults_for_the_rest(client, make):
    made = make.user(username="지민", email="jimin@example.com", phone=None)
    assert client.get(f"/v1/users/{made['id']}").json == made
    assert made["username"] == "지민"
    assert (made["locale"], made["timezone"], made["version"]) == ("ko-KR", "Asia/Seoul", 1)
    assert made["phone"] is None
    assert made["legacy_id"] is None


def test_creating_answers_with_the_place_of_the_user(client):
    response = client.post("/v1/users", json={"username": "kim"})
    assert response.status_code == 201
    assert response.headers["Location"] == f"/v1/users/{response.json['id']}"
    assert client.get(response.headers["Location"]).json["username"] == "kim"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/username"),
        ({"username": ""}, "/username"),
        ({"username": " \u3000"}, "/username"),
        ({"username": "\ufe0f"}, "/username"),
        ({"username": "ﷺ" * 10}, "/username"),
        ({"username": "k" * 101}, "/username"),
        ({"username": 5}, "/username"),
        ({"username": None}, "/username"),
        ({"username": "kim", "email": "nowhere"}, "/email"),
        ({"username": "kim", "phone": "0" * 21}, "/phone"),
        ({"username": "kim", "timezone": "Mars/Olympus"}, "/timezone"),
        ({"username": "kim", "locale": "한국어"}, "/locale"),
        ({"username": "kim", "id": "one"}, "/id"),
        ({"username": "kim", "nickname": "k"}, "/nickname"),
        ({"username": "kim", "version": 7}, "/version"),
    ],
)
def test_a_user_that_can_not_be_is_refused_with_a_pointer(client, pointers, body, pointer):
    assert pointers(client.post("/v1/users", json=body)) == [pointer]
    assert client.get("/v1/users").json["items"] == []


def test_usernames_and_emails_are_unique_whatever_their_case(client, make, pointers):
    make.user(username="Kim", email="Kim@example.com")
    assert pointers(client.post("/v1/users", json={"username": "kIM"}), 409) == ["/username"]
    same_email = {"username": "lee", "email": "KIM@example.com"}
    assert pointers(client.post("/v1/users", json=same_email), 409) == ["/email"]


def test_the_same_request_with_an_id_finds_the_user_it_made(client, pointers):
    body = {"id": str(uuid4()), "username": "kim", "phone": "010"}
    first = client.post("/v1/users", json=body)
    again = client.post("/v1/users", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    other = client.post("/v1/users", json={**body, "phone": "011"})
    assert pointers(other, 409) == ["/id"]


def test_a_change_needs_the_version_it_is_meant_for(client, make, problem):
    user = make.user(username="kim")
    path = f"/v1/users/{user['id']}"
    problem(client.patch(path, json={"phone": "010"}), 428)
    changed = client.patch(path, json={"phone": "010"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json["phone"], changed.json["version"]) == (200, "010", 2)
    assert changed.headers["ETag"] == '"2"'
    stale = client.patch(path, json={"phone": "011"}, headers={"If-Match": '"1"'})
    problem(stale, 412)
    assert stale.headers["ETag"] == '"2"'
    assert client.get(path).json["phone"] == "010"


def test_if_match_takes_any_version_or_a_list(client, make, problem, pointers):
    path = f"/v1/users/{make.user()['id']}"
    assert client.patch(path, json={"phone": "1"}, headers={"If-Match": "*"}).status_code == 200
    several = client.patch(path, json={"phone": "2"}, headers={"If-Match": '"7", "2"'})
    assert several.status_code == 200
    weak = client.patch(path, json={"phone": "3"}, headers={"If-Match": 'W/"3"'})
    problem(weak, 412)
    huge = client.patch(path, json={"phone": "3"}, headers={"If-Match": f'"{10**30}"'})
    problem(huge, 412)
    assert pointers(client.patch(path, json={}, headers={"If-Match": "3"})) == ["/If-Match"]


def test_a_change_leaves_out_what_it_does_not_name(client, make):
    user = make.user(email="kim@example.com", phone="010", display_name="김")
    changed = client.patch(
        f"/v1/users/{user['id']}", json={"email": None}, headers={"If-Match": "*"}
    )
    assert changed.json["email"] is None
    kept = ("username", "phone", "display_name", "locale", "created_at")
    assert all(changed.json[name] == user[name] for name in kept)


@pytest.mark.parametrize("name", ["username", "locale", "timezone"])
def test_what_can_not_be_null_is_not_made_null(client, make, pointers, name):
    path = f"/v1/users/{make.user()['id']}"
    changed = client.patch(path, json={name: None}, headers={"If-Match": "*"})
    assert pointers(changed) == [f"/{name}"]


def test_an_empty_change_changes_nothing(client, make):
    user = make.user()
    path = f"/v1/users/{user['id']}"
    assert client.patch(path, json={}, headers={"If-Match": '"1"'}).json == user


def test_of_concurrent_changes_to_one_version_one_wins(app, make):
    path = f"/v1/users/{make.user()['id']}"

    def change(phone: int) -> int:
        headers = {"If-Match": '"1"'}
        return (
            app.test_client().patch(path, json={"phone": str(phone)}, headers=headers).status_code
        )

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, range(8))) == [200] + [412] * 7


def test_an_unknown_user_is_a_404(client, problem, nowhere):
    path = f"/v1/users/{nowhere}"
    problem(client.get(path), 404)
    problem(client.patch(path, json={}, headers={"If-Match": "*"}), 404)
    problem(client.delete(path, headers={"If-Match": "*"}), 404)


def test_get_or_create_by_name(client):
    body = {"email": "kim@example.com"}
    first = client.put("/v1/users/by-username/Kim", json=body)
    assert (first.status_code, first.json["email"]) == (201, "kim@example.com")
    again = client.put("/v1/users/by-username/kim", json={"email": "other@example.com"})
    assert again.status_code == 200
    assert again.json == first.json
    without_body = client.put("/v1/users/by-username/김민수")
    assert (without_body.status_code, without_body.json["username"]) == (201, "김민수")


def test_get_or_create_refuses_names_that_can_not_be(client, pointers):
    assert pointers(client.put(f"/v1/users/by-username/{'k' * 101}")) == ["/username"]
    assert pointers(client.put("/v1/users/by-username/a%00b")) == ["/username"]


@pytest.mark.usefixtures("database")
def test_of_concurrent_get_or_create_one_creates(app):
    def provision(_: int) -> tuple[int, str]:
        response = app.test_client().put("/v1/users/by-username/kim")
        return response.status_code, response.json["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(provision, range(16)))
    assert sorted(status for status, _ in answers) == [200] * 15 + [201]
    assert len({made for _, made in answers}) == 1


def test_deleting_erases_all_that_is_held(client, make, problem, database):
    user = make.user()
    kept = make.workflow()
    workflow = make.workflow(user_id=user["id"])
    node = make.node(workflow["id"])
    client.put(f"/v1/nodes/{node['id']}/state", json={"state": {"secret": 1}})
    generation = make.generation(workflow["id"], node_id=node["id"])
    keyed = client.post(
        f"/v1/workflows/{workflow['id']}/nodes",
        json={"node_name": "keyed"},
        headers={"Idempotency-Key": "k"},
    )
    assert keyed.status_code == 201

    problem(client.delete(f"/v1/users/{user['id']}"), 428)
    gone = client.delete(f"/v1/users/{user['id']}", headers={"If-Match": '"1"'})
    assert gone.status_code == 200
    went = {"users": 1, "workflows": 1, "nodes": 2, "node_states": 1, "generations": 1}
    went["idempotency_keys"] = 1
    assert {table: rows for table, rows in gone.json.items() if rows} == went
    for path in (
        f"/v1/users/{user['id']}",
        f"/v1/workflows/{workflow['id']}",
        f"/v1/nodes/{node['id']}",
        f"/v1/nodes/{node['id']}/state",
        f"/v1/generations/{generation['id']}",
    ):
        problem(client.get(path), 404)
    assert client.get(f"/v1/workflows/{kept['id']}").status_code == 200
    with database.transaction() as connection:
        stored = connection.exec_driver_sql("SELECT count(*) FROM idempotency_keys").scalar()
    assert stored == 0


def test_users_are_listed_by_name_email_and_part_of_a_name(client, make):
    make.user(username="Kim_1", email="a@example.com", display_name="김민수")
    make.user(username="kimX1", email="b@example.com")

    def names(query: str) -> list[str]:
        items = client.get(f"/v1/users?{query}&sort=username").json["items"]
        return [item["username"] for item in items]

    assert names("username=kim_1") == ["Kim_1"]
    assert names("email=B@example.com") == ["kimX1"]
    assert names("q=kim") == ["Kim_1", "kimX1"]
    assert names("q=m_1") == ["Kim_1"]
    assert names("q=%25") == []
    assert names("q=민수") == ["Kim_1"]


def test_a_name_is_one_name_however_its_letters_are_composed(client):
    composed, decomposed = (unicodedata.normalize(form, "한국") for form in ("NFC", "NFD"))
    assert composed != decomposed
    first = client.put(f"/v1/users/by-username/{composed}")
    again = client.put(f"/v1/users/by-username/{decomposed}")
    assert (first.status_code, again.status_code) == (201, 200)
    assert client.get(f"/v1/users?username={decomposed}").json["items"] == [first.json]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (WIDE, "Kim"),
        ("  김   하늘\u3000", "김 하늘"),
        ("ㅋㅋ하늘ㅎ", "ㅋㅋ하늘ㅎ"),
        ("\uffa1", "ㄱ"),
        ("ﾊﾞ", "バ"),
        ("하늘❤️", "하늘❤"),
        ("①ﬁne", "1fine"),
        ("Kim 金 하늘", "Kim 金 하늘"),
        ("サキちゃん kim 金", "サキちゃん kim 金"),
        ("Зоя 1", "Зоя 1"),
        ("नेहा", "नेहा"),
        ("Nguyễn", "Nguyễn"),
        ("🇰🇷 kim!", "🇰🇷 kim!"),
    ],
)
def test_all_spellings_of_a_name_are_one_name(client, given, kept):
    made = client.post("/v1/users", json={"username": given})
    assert (made.status_code, made.json["username"]) == (201, kept)
    again = client.post("/v1/users", json={"username": kept.upper()})
    assert again.status_code == 409
    for spelling in (given, kept, unicodedata.normalize("NFD", kept)):
        found = client.put(f"/v1/users/by-username/{quote(spelling)}")
        assert (found.status_code, found.json) == (200, made.json)
        listed = client.get("/v1/users", query_string={"username": spelling})
        assert listed.json["items"] == [made.json]
    headers = {"If-Match": "*"}
    changed = client.patch(
        f"/v1/users/{made.json['id']}", json={"username": given}, headers=headers
    )
    assert changed.json["username"] == kept


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ki\u200bm", "character 3 is U+200B (ZERO WIDTH SPACE)"),
        ("ki\u00adm", "U+00AD (SOFT HYPHEN)"),
        ("하\u200d늘", "U+200D (ZERO WIDTH JOINER)"),
        ("하\u200c늘", "U+200C"),
        ("\ufeffkim", "character 1 is U+FEFF"),
        ("kim\U000e0100", "U+E0100 (VARIATION SELECTOR-17)"),
        ("\u3164", "U+3164 (HANGUL FILLER)"),
        ("가\u115f", "U+115F"),
        ("가\u1160", "U+1160"),
        ("가\uffa0", "U+FFA0"),
        ("가\u2800", "U+2800"),
        ("kim\u202egnp", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("kim\u2066", "U+2066"),
        ("kim\ue000", "U+E000"),
        (
            "p\u0430ypal",
            "Latin with Korean, Japanese or Chinese: character 2 is U+0430 (CYRILLIC SMALL LETTER",
        ),
        ("\u0391lex", "character 2 is U+006C (LATIN SMALL LETTER L)"),
        ("하늘\u0430", "character 3 is U+0430"),
        ("ᄒ", "half a syllable"),
    ],
)
def test_a_name_that_can_pass_for_another_is_refused(client, problem, name, what):
    answers = [
        (client.post("/v1/users", json={"username": name}), "body"),
        (client.put(f"/v1/users/by-username/{quote(name)}"), "path"),
    ]
    for answer, location in answers:
        (error,) = problem(answer, 422)["errors"]
        assert (error["location"], error["pointer"]) == (location, "/username")
        assert what in error["message"]
    assert client.get("/v1/users", query_string={"username": name}).json["items"] == []
    assert client.get("/v1/users").json["items"] == []


@pytest.mark.parametrize("name", ["ki\u200bm", WIDE, "p\u0430ypal", "two  spaces"])
def test_who_has_such_a_name_from_before_is_found_by_it(client, execute, worker_url, name):
    execute(worker_url, f"INSERT INTO users (id, username) VALUES (uuidv7(), '{name}')")
    (old,) = client.get("/v1/users").json["items"]
    assert client.get("/v1/users", query_string={"username": name}).json["items"] == [old]
    found = client.put(f"/v1/users/by-username/{quote(name.upper())}")
    assert (found.status_code, found.json) == (200, old)
    path, headers = f"/v1/users/{old['id']}", {"If-Match": "*"}
    assert client.patch(path, json={"phone": "1"}, headers=headers).json["username"] == name


def test_of_an_old_name_and_its_new_spelling_each_is_found_first(client, execute, worker_url):
    execute(worker_url, f"INSERT INTO users (id, username) VALUES (uuidv7(), '{WIDE}')")
    new = client.post("/v1/users", json={"username": "Kim"}).json
    assert client.put("/v1/users/by-username/kim").json == new
    assert client.put(f"/v1/users/by-username/{quote(WIDE)}").json["username"] == WIDE
    both = client.get("/v1/users", query_string={"username": WIDE}).json["items"]
    assert {user["username"] for user in both} == {"Kim", WIDE}


def test_a_part_of_a_name_is_found_however_it_is_composed(client, make):
    decomposed = unicodedata.normalize("NFD", "김하늘")
    made = make.user(display_name=decomposed)
    assert made["display_name"] == "김하늘"
    for part in ("하늘", unicodedata.normalize("NFD", "하늘")):
        assert client.get("/v1/users", query_string={"q": part}).json["items"] == [made]


def test_an_email_has_no_letter_that_nobody_sees(client, pointers):
    body = {"username": "kim", "email": "ki\u200bm@example.com"}
    assert pointers(client.post("/v1/users", json=body)) == ["/email"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b", "a/b"),
        ("a%3Fb%23c%25", "a?b#c%"),
        ("..", ".."),
        ("a;b+c", "a;b+c"),
    ],
)
def test_names_may_have_the_letters_of_paths(client, path, name):
    assert client.put(f"/v1/users/by-username/{path}").json["username"] == name


def test_a_name_in_another_encoding_is_refused(client, pointers):
    assert pointers(client.put("/v1/users/by-username/%FF")) == ["/username"]
    assert pointers(client.post("/v1/users", json={"username": "a\nb"})) == ["/username"]


def test_get_or_create_says_when_the_email_belongs_to_another(client, make, pointers):
    make.user(email="kim@example.com")
    taken = client.put("/v1/users/by-username/lee", json={"email": "KIM@example.com"})
    assert pointers(taken, 409) == ["/email"]


def test_concurrent_get_or_create_with_an_email_finds_one_user(app, client):
    def provision(_: int) -> int:
        body = {"email": "kim@example.com"}
        return app.test_client().put("/v1/users/by-username/kim", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(provision, range(16))) == [200] * 15 + [201]
    assert len(client.get("/v1/users").json["items"]) == 1


def test_who_lost_a_race_is_told_the_version_that_won(app, make):
    path = f"/v1/users/{make.user()['id']}"

    def change(phone: int) -> str:
        headers = {"If-Match": '"1"'}
        answer = app.test_client().patch(path, json={"phone": str(phone)}, headers=headers)
        return answer.headers["ETag"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(change, range(16))) == {'"2"'}


def test_of_concurrent_deletes_one_deletes_and_the_others_find_nothing(app, make):
    path = f"/v1/users/{make.user()['id']}"

    def delete(_: int) -> int:
        return app.test_client().delete(path, headers={"If-Match": "*"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(delete, range(8))) == [200] + [404] * 7


def test_a_name_that_begins_with_a_slash_is_no_redirect_to_another(client, problem):
    problem(client.put("/v1/users/by-username/%2Fbob"), 404)
    assert client.get("/v1/users").json["items"] == []
