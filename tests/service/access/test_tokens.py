"""Tokens of an issuer as the second way in, over HTTP."""

import json
import re
import time
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from itertools import count
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from api_access.issuer_settings import IssuerSettings
from api_access.key_set import Pace
from json_rows.idempotency import REPLAYED
from plain_commands.errors import ConfigurationError
from service.app import create_app
from service.settings import Settings
from tests.conftest import execute
from tests.issuer import AUDIENCE, MAKERS, Issuer

URL = "/v1/workflows"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def served(client_with, issuer):
    """A client of a service that takes the issuer's tokens; who is new becomes a user."""
    return client_with(
        auth="on",
        jwt_issuer=issuer.name,
        jwt_jwks_url=issuer.url,
        jwt_audience=("another", AUDIENCE),
        jwt_new_users="on",
        auth_failures_per_minute=100_000,
    )


@pytest.fixture
def tokens_with(client_with, issuer):
    """Make a client with other settings; `tokens_with(jwt_new_users="off")`."""

    def make(**settings):
        given = {"jwt_issuer": issuer.name, "jwt_jwks_url": issuer.url, "jwt_new_users": "on"}
        return client_with(auth="on", jwt_audience=(AUDIENCE,), **{**given, **settings})

    return make


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def refused(client, problem, token) -> str:
    """Check that a token is refused, as RFC 6750 has it; returns why."""
    answer = client.get(URL, headers=bearer(token))
    assert problem(answer, 401)["title"] == "Unauthorized"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    return answer.get_json()["detail"]


@pytest.mark.parametrize("algorithm", MAKERS)
def test_a_token_opens(client_with, algorithm):
    with Issuer(algorithm) as issuer:
        client = client_with(
            auth="on",
            jwt_issuer=issuer.name,
            jwt_jwks_url=issuer.url,
            jwt_audience=(AUDIENCE,),
            jwt_new_users="on",
        )
        assert client.get(URL, headers=bearer(issuer.token())).status_code == 200


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+JWT"])
def test_usual_types_are_taken(served, issuer, kind):
    token = issuer.token(headers={"typ": kind})
    assert served.get(URL, headers=bearer(token)).status_code == 200


def test_an_audience_among_others_is_enough(served, issuer):
    token = issuer.token(aud=["https://elsewhere.example", AUDIENCE])
    assert served.get(URL, headers=bearer(token)).status_code == 200


CLAIMS = {
    "aud": ("elsewhere", "another audience"),
    "iss": ("https://auth.example.com.evil.test", "another issuer"),
    "exp": (int(time.time()) - 60, "expired"),
    "nbf": (int(time.time()) + 3600, "not valid yet"),
    "iat": (int(time.time()) + 3600, "not valid yet"),
    "sub": ("", "sub must have"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_security_17_a_claim_that_is_wrong(served, issuer, problem, name):
    value, why = CLAIMS[name]
    claims = {"subject": value} if name == "sub" else {name: value}
    assert why in refused(served, problem, issuer.token(**claims))


@pytest.mark.parametrize("name", ["aud", "iss", "exp", "sub"])
def test_security_17_a_claim_that_is_missing(served, issuer, problem, name):
    claims = {"subject": None} if name == "sub" else {name: None}
    assert refused(served, problem, issuer.token(**claims))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) + 10 * 86400},
        {"exp": int(time.time()) + 600, "iat": int(time.time()) - 10 * 86400},
        {"exp": int(time.time()) + 10 * 86400, "iat": None},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": "soon"},
        {"exp": [1]},
        {"exp": 10**300},
        {"iat": "now"},
        {"iat": float("-inf")},
        {"iat": {}},
        {"nbf": "later"},
        {"aud": {"a": 1}},
        {"aud": [1]},
        {"iss": ["https://auth.example.com"]},
        {"subject": 17},
        {"subject": "a\0b"},
        {"subject": "\ud800"},
        {"subject": "x" * 256},
        {"extra": "x" * 9000},
    ],
    # Some tell what time it is: not the same in each process that collects them.
    ids=count(),
)
def test_security_17_a_claim_that_can_not_be(served, issuer, problem, claims):
    claims = dict(claims)
    subject = claims.pop("subject", "jimin")
    payload = {"iss": issuer.name, "aud": AUDIENCE, "sub": subject, "iat": int(time.time())}
    payload |= {"exp": int(time.time()) + 600, "scope": "read", **claims}
    payload = {name: value for name, value in payload.items() if value is not None}
    # By its letters: PyJWT does not write all that somebody else could.
    token = jwt.api_jws.encode(
        json.dumps(payload).encode(), issuer.key, issuer.algorithm, {"kid": issuer.kid}
    )
    assert refused(served, problem, token)


@pytest.mark.parametrize(
    "headers",
    [
        {"kid": "unknown"},
        {"typ": "id+jwt"},
        {"typ": "secevent+jwt"},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": True},
    ],
    ids=str,
)
def test_security_17_a_header_that_is_not_taken(served, issuer, problem, headers):
    assert refused(served, problem, issuer.token(headers=headers))


def test_security_17_a_signature_of_somebody_else(served, issuer, problem):
    other = MAKERS[issuer.algorithm]()
    assert "signature" in refused(served, problem, issuer.token(key=other))
    token = issuer.token()
    head, body, signature = token.split(".")
    forged = segment(json.dumps({"sub": "somebody else"}).encode())
    assert "signature" in refused(served, problem, f"{head}.{forged}.{signature}")
    assert refused(served, problem, f"{head}.{body}.")
    assert refused(served, problem, f"{head}.{body}")


def test_security_17_no_algorithm_but_those_of_the_keys(served, issuer, problem):
    claims = {"iss": issuer.name, "aud": AUDIENCE, "sub": "jimin", "exp": time.time() + 600}
    body = segment(json.dumps(claims).encode())
    for algorithm in ("none", "None", "NONE", "", "ES512", "ES256K", "PS256", None, 1, ["ES256"]):
        head = segment(json.dumps({"alg": algorithm, "kid": issuer.kid}).encode())
        for signature in ("", "AAAA"):
            assert refused(served, problem, f"{head}.{body}.{signature}")
    # The public key as the secret of an HMAC: whoever has read it could sign.
    written = issuer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = segment(json.dumps({"alg": "HS256", "kid": issuer.kid}).encode())
    hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = segment(hmac.sign(f"{head}.{body}".encode(), written))
    assert "RS256, ES256 or EdDSA" in refused(served, problem, f"{head}.{body}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "..",
        f"{segment(b'{}')}.{segment(b'{}')}.{segment(b'x')}",
        f"{segment(b'[]')}..",
        f"{segment(b'[' * 5000)}.e30.e30",
        f"{segment(b'null')}.e30.e30",
        "eyJ" + "a" * 7000,
    ],
)
def test_rubbish_is_no_token(served, problem, token):
    assert refused(served, problem, token)


def test_security_17_where_a_token_says_that_its_keys_are_is_never_asked(served, issuer, problem):
    with Issuer() as evil:
        evil.name = issuer.name
        for name in ("jku", "x5u"):
            headers = {name: evil.url, "jwk": evil.keys[0]}
            # Under the real key's id, and under one of their own.
            assert refused(served, problem, evil.token(headers=headers | {"kid": issuer.kid}))
            assert refused(served, problem, evil.token(headers=headers | {"kid": "evil"}))
        assert evil.asked == 0


def test_security_17_who_is_new_becomes_one_user(served, issuer, client):

    def call(number: int) -> int:
        headers = bearer(issuer.token("concurrent", jti=str(number)))
        return served.application.test_client().get(URL, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(32))) == {200}
    (user,) = client.get("/v1/users").get_json()["items"]
    assert user["username"].startswith("user-")


def test_security_17_nobody_is_known_by_their_email(served, make, issuer, client):
    victim = make.user(email="victim@example.com", username="victim")
    workflow = make.workflow(user_id=victim["id"])
    headers = bearer(
        issuer.token(
            "attacker", email="victim@example.com", email_verified=True, preferred_username="victim"
        )
    )
    assert served.get(URL, headers=headers).get_json()["items"] == []
    assert served.get(f"{URL}/{workflow['id']}", headers=headers).status_code == 404
    assert client.get(f"/v1/users/{victim['id']}").get_json() == victim


def test_the_same_subject_of_another_issuer_is_somebody_else(tokens_with, served, issuer, client):
    assert served.get(URL, headers=bearer(issuer.token())).status_code == 200
    other = tokens_with(jwt_issuer="https://other.example")
    token = issuer.token(iss="https://other.example")
    assert other.get(URL, headers=bearer(token)).status_code == 200
    assert len(client.get("/v1/users").get_json()["items"]) == 2


def test_a_token_sees_the_rows_of_its_user(served, make, issuer):
    theirs = make.workflow()
    headers = bearer(issuer.token())
    body = {"user_input": "홍대에서 데이트하고 싶어"}
    mine = served.post(URL, json={**body, "user_id": whose(served, headers)}, headers=headers)
    assert mine.status_code == 201
    (found,) = served.get(URL, headers=headers).get_json()["items"]
    assert found["id"] == mine.get_json()["id"]
    assert served.get(f"{URL}/{theirs['id']}", headers=headers).status_code == 404
    stranger = served.post(URL, json={**body, "user_id": theirs["user_id"]}, headers=headers)
    unknown = served.post(URL, json={**body, "user_id": str(uuid4())}, headers=headers)
    assert (stranger.status_code, stranger.get_json()["detail"]) == (
        unknown.status_code,
        unknown.get_json()["detail"],
    )


def whose(client, headers) -> str:
    """Find whose a token is."""
    assert client.get(URL, headers=headers).status_code == 200
    with client.application.extensions["database"].transaction() as connection:
        rows = connection.exec_driver_sql(
            "SELECT user_id FROM user_identities ORDER BY created_at DESC LIMIT 1"
        ).all()
    return str(rows[0][0])


def test_who_is_not_linked_is_nobody(tokens_with, issuer, problem, make, worker_url):
    closed = tokens_with(jwt_new_users="off")
    assert "nobody here" in refused(closed, problem, issuer.token("linked"))
    user = make.user()
    execute(
        worker_url,
        "INSERT INTO user_identities (issuer, subject, user_id) "
        f"VALUES ('{issuer.name}', 'linked', '{user['id']}')",
    )
    # Another token: what is known of the one before is known for 2 s.
    headers = bearer(issuer.token("linked", jti="2"))
    assert closed.get(URL, headers=headers).status_code == 200
    assert "nobody here" in refused(closed, problem, issuer.token("another"))


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"scope": "read"}, (200, 403)),
        ({"scope": "openid read profile"}, (200, 403)),
        ({"scope": ["read", "write", 1, None]}, (200, 404)),
        ({"scope": "write"}, (200, 404)),
        ({"scope": "ingest"}, (403, 403)),
        ({"scope": "admin"}, (403, 403)),
        ({"scope": "READ"}, (403, 403)),
        ({"scope": None}, (403, 403)),
        ({"scope": {"read": True}}, (403, 403)),
        ({"scope": 1}, (403, 403)),
    ],
    ids=str,
)
def test_scopes_are_what_the_claim_says(served, issuer, claims, status):
    headers = bearer(issuer.token(**claims))
    got = served.get(URL, headers=headers), served.delete(f"{URL}/{uuid4()}", headers=headers)
    assert tuple(answer.status_code for answer in got) == status
    if status[0] == 403:
        assert 'scope="read"' in got[0].headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("role", {"role": "authenticated"}),
        ("realm_access.roles", {"realm_access": {"roles": ["offline_access", "authenticated"]}}),
        ("https://api.example.com/roles", {"https://api.example.com/roles": ["authenticated"]}),
    ],
)
def test_other_claims_can_be_mapped(tokens_with, issuer, claim, said):
    mapped = tokens_with(jwt_scopes_claim=claim, jwt_scopes=("anon=read", "authenticated=write"))
    headers = bearer(issuer.token(**said))
    assert mapped.delete(f"{URL}/{uuid4()}", headers=headers).status_code == 404
    # What the mapping does not name means nothing.
    assert mapped.get(URL, headers=bearer(issuer.token(scope="admin read"))).status_code == 403


def test_the_settings_that_the_guide_shows_work(client_with, root):
    guide = (root / "SECURITY.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```dotenv\n(JWT_.*?)```", guide, re.DOTALL)
    given = Settings.load(dict(line.split("=", 1) for line in block.splitlines()))
    shown = {spec.name: getattr(given, spec.name) for spec in fields(IssuerSettings)}
    with Issuer() as issuer:
        issuer.name = given.jwt_issuer or ""
        client = client_with(auth="on", **{**shown, "jwt_jwks_url": issuer.url})
        headers = bearer(issuer.token(aud=given.jwt_audience[0], role="authenticated", scope=None))
        assert client.delete(f"{URL}/{uuid4()}", headers=headers).status_code == 404


def test_a_type_can_be_required(tokens_with, issuer, problem):
    strict = tokens_with(jwt_type="at+jwt")
    assert (
        strict.get(URL, headers=bearer(issuer.token(headers={"typ": "AT+JWT"}))).status_code == 200
    )
    for headers in ({"typ": "JWT"}, {"typ": None}):
        assert "typ" in refused(strict, problem, issuer.token(headers=headers))


def test_a_token_is_looked_up_once_in_half_a_minute(served, issuer):
    sent: list[object] = []
    served_by = served.application.extensions["database"]
    served_by.listeners.append(sent.append)
    try:
        headers = bearer(issuer.token("often"))
        counts = []
        for _ in range(3):
            served.get(URL, headers=headers)
            counts.append(len(sent))
            sent.clear()
    finally:
        served_by.listeners.remove(sent.append)
    # Looked for, made, and the list; then the list alone.
    assert counts == [3, 1, 1]


def test_a_token_that_is_known_expires_all_the_same(served, issuer, problem, monkeypatch):
    token = issuer.token()
    assert served.get(URL, headers=bearer(token)).status_code == 200
    monkeypatch.setattr("api_access.tokens.LEEWAY_S", -3600)
    assert refused(served, problem, token) == "The token has expired."


def test_who_was_erased_is_known_no_more(served, issuer, client, monkeypatch):
    monkeypatch.setattr("api_access.tokens.KEPT_S", 0)
    headers = bearer(issuer.token("erased"))
    user = client.get(f"/v1/users/{whose(served, headers)}")
    etag = {"If-Match": user.headers["ETag"]}
    assert client.delete(f"/v1/users/{user.get_json()['id']}", headers=etag).status_code == 200
    assert whose(served, headers) != user.get_json()["id"]


def test_security_16_another_token_of_the_same_subject_repeats_a_request(served, issuer):
    keyed = {"Idempotency-Key": uuid4().hex}
    first = bearer(issuer.token("repeats"))
    body = {"user_id": whose(served, first), "user_input": "홍대에서 데이트하고 싶어"}
    made = served.post(URL, json=body, headers=first | keyed)
    again = served.post(URL, json=body, headers=bearer(issuer.token("repeats", jti="2")) | keyed)
    assert made.get_json() == again.get_json()
    assert again.headers[REPLAYED] == "true"
    other = served.post(URL, json=body, headers=bearer(issuer.token("other")) | keyed)
    assert REPLAYED not in other.headers
    assert "홍대" not in other.text


def test_an_issuer_that_is_away_is_no_failure_of_ours(tokens_with, issuer, problem):
    with Issuer() as away:
        url = away.url
    client = tokens_with(jwt_jwks_url=url)
    assert "known" in refused(client, problem, issuer.token())
    # Keys go on working, and so does all that is public.
    assert client.get("/healthz").status_code == 200


def test_security_17_a_thousand_tokens_of_made_up_ids_are_one_question(client_with):
    with Issuer() as issuer:
        client = client_with(
            auth="on",
            jwt_issuer=issuer.name,
            jwt_jwks_url=issuer.url,
            jwt_audience=(AUDIENCE,),
            jwt_new_users="on",
            auth_failures_per_minute=3,
        )
        assert client.get(URL, headers=bearer(issuer.token())).status_code == 200

        def flood(number: int) -> int:
            token = issuer.token(headers={"kid": f"made up {number}"})
            return client.application.test_client().get(URL, headers=bearer(token)).status_code

        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(flood, range(1000))) == {401}
        assert issuer.asked <= 2 + (time.monotonic() - began) // Pace().cooldown_s


def test_security_7_who_makes_signatures_up_has_to_wait(tokens_with, issuer, problem):
    client = tokens_with(auth_failures_per_minute=3)
    known = bearer(issuer.token("known"))
    assert client.get(URL, headers=known).status_code == 200
    # What an honest client may send is no attempt.
    for token in (issuer.token(exp=1), issuer.token(aud="x"), issuer.token(headers={"kid": "x"})):
        assert refused(client, problem, token)
    for _ in range(3):
        assert refused(client, problem, issuer.token(key=MAKERS[issuer.algorithm]()))
    answer = client.get(URL, headers=bearer(issuer.token("unknown")))
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    problem(answer, 429)
    assert client.get(URL, headers=known).status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    headers = bearer(issuer.token("unknown"))
    assert client.get(URL, headers=headers, environ_overrides=elsewhere).status_code == 200


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [((500, {}, b""), 0), ((200, {}, b"<html>"), 0), ((200, {}, b'{"keys": []}'), 0), (None, 60)],
    ids=["failing", "rubbish", "no keys", "slow"],
)
def test_an_issuer_that_answers_badly_is_no_failure_of_ours(
    tokens_with, problem, monkeypatch, answer, wait_s
):
    monkeypatch.setattr("api_access.key_set.Pace", partial(Pace, fetch_s=0.3))
    with Issuer() as bad:
        bad.answer, bad.wait_s = answer, wait_s
        client = tokens_with(jwt_jwks_url=bad.url)
        assert "known" in refused(client, problem, bad.token())


def test_no_token_is_in_a_log_a_metric_or_the_database(served, issuer, caplog, database):
    caplog.set_level("DEBUG")
    good, bad = issuer.token("secretive"), issuer.token(aud="elsewhere")
    user = whose(served, bearer(good))
    body = {"user_id": user, "user_input": "홍대에서 데이트하고 싶어"}
    keyed = {"Idempotency-Key": uuid4().hex}
    assert served.post(URL, json=body, headers=bearer(good) | keyed).status_code == 201
    answers = [served.get(URL, headers=bearer(token)).text for token in (good, bad)]
    with database.transaction() as connection:
        tables = connection.exec_driver_sql(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).scalars()
        rows = [
            connection.exec_driver_sql(
                f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {name} t"
            )
            for name in tables.all()
        ]
        stored = " ".join(row.scalar_one() for row in rows)
    assert user in stored
    everything = [caplog.text, stored, served.get("/metrics").text, *answers]
    for token in (good, bad):
        for part in token.split(".")[1:]:
            assert not any(part in text for text in everything)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"jwt_issuer": "https://a.example"}, "JWT_AUDIENCE must be set"),
        ({"jwt_jwks_url": "http://auth.example.com/jwks"}, "JWT_JWKS_URL must begin with https"),
        ({"jwt_scopes": ("reader",)}, "JWT_SCOPES must list pairs"),
        ({"jwt_scopes": ("reader=root",)}, "JWT_SCOPES must list pairs"),
        ({"jwt_issuer": "https://" + "a" * 300}, "JWT_ISSUER may have"),
    ],
)
def test_settings_that_would_let_others_in_stop_the_service(values, said):
    given = {"jwt_issuer": "https://a.example", "jwt_audience": (AUDIENCE,)}
    if said.startswith("JWT_AUDIENCE"):
        given.pop("jwt_audience")
    with pytest.raises(ConfigurationError, match=said):
        create_app(Settings(auth="on", **{**given, **values}))
