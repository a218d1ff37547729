"""Fetching an issuer's keys: whatever its server does, it ends soon, and never badly."""

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api_access.jwks import LARGEST, NoKeysError, check_url, fetch, read
from plain_commands.errors import ConfigurationError
from tests.issuer import MAKERS, Issuer, public
from tests.ports import free_port

SOON_S = 30
"""A machine with a heavy load takes its time, but an endless answer would take for ever."""


def test_the_keys_of_each_kind_are_read():
    keys = [public(make(), name, kid=name) for name, make in MAKERS.items()]
    assert set(read(json.dumps({"keys": keys}).encode())) == {(name, name) for name in MAKERS}


def test_keys_are_fetched(issuer):
    assert set(fetch(issuer.url, SOON_S)) == {("first", "ES256")}


RSA = MAKERS["RS256"]()
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  that is its point
UNUSABLE = {
    "a secret": {"kty": "oct", "kid": "1", "k": "c2VjcmV0", "alg": "HS256"},
    "too short": public(SHORT, "RS256", kid="1"),
    "no id": public(RSA, "RS256"),
    "an id that is no text": public(RSA, "RS256", kid=1),
    "for encryption": public(RSA, "RS256", kid="1", use="enc"),
    "of another algorithm": public(RSA, "RS256", kid="1", alg="HS256"),
    "of another curve": public(ec.generate_private_key(ec.SECP384R1()), "ES384", kid="1"),
    "not on its curve": {"kty": "EC", "crv": "P-256", "kid": "1", "x": "AA", "y": "AA"},
    "private": {**public(RSA, "RS256", kid="1"), "d": "AA"},
    "a list for its type": {"kty": ["RSA"], "kid": "1"},
    "numbers for texts": {"kty": "RSA", "kid": "1", "n": 1, "e": 2},
    "no object": 17,
}


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE)
def test_security_17_a_key_that_is_not_for_signing_is_left_out(key):
    good = public(RSA, "RS256", kid="good")
    assert set(read(json.dumps({"keys": [key, good]}).encode())) == {("good", "RS256")}
    with pytest.raises(NoKeysError):
        read(json.dumps({"keys": [key]}).encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"\xff", b"[]", b'{"keys": {}}', b'{"keys": []}', b"[" * 100_000, b"null"],
)
def test_rubbish_is_no_set_of_keys(issuer, data):
    issuer.answer = (200, {}, data)
    with pytest.raises(NoKeysError):
        fetch(issuer.url, SOON_S)


def test_security_17_redirects_are_not_followed(issuer):
    with Issuer() as other:
        for status in (301, 302, 307, 308):
            issuer.answer = (status, {"Location": other.url}, b"")
            with pytest.raises(NoKeysError, match=str(status)):
                fetch(issuer.url, SOON_S)
        assert other.asked == 0


def test_security_17_an_answer_has_a_size(issuer):
    issuer.answer = (200, {}, b'{"keys": [' + b" " * LARGEST + b"]}")
    with pytest.raises(NoKeysError, match="larger"):
        fetch(issuer.url, SOON_S)


@pytest.mark.parametrize("delay", ["wait_s", "drip_s"])
def test_security_17_an_answer_has_a_time(issuer, delay):
    # Letter by letter it would take two minutes, though no letter is late.
    setattr(issuer, delay, {"wait_s": 120, "drip_s": 0.2}[delay])
    issuer.answer = (200, {}, b" " * 600)
    began = time.monotonic()
    with pytest.raises(NoKeysError):
        fetch(issuer.url, 0.5)
    assert time.monotonic() - began < SOON_S


def test_a_server_that_is_not_there_is_told_of():
    with pytest.raises(NoKeysError, match="ConnectionRefusedError"):
        fetch(f"http://127.0.0.1:{free_port()}/", SOON_S)
    with pytest.raises(NoKeysError):
        fetch("https://no-such-host.invalid/", SOON_S)


def test_security_17_keys_come_over_tls():
    check_url("https://auth.example.com/jwks.json", is_production=True)
    for here in ("http://127.0.0.1:8080/", "http://localhost/jwks", "http://[::1]:1/"):
        check_url(here, is_production=False)
        with pytest.raises(ConfigurationError, match="JWT_JWKS_URL must begin with https"):
            check_url(here, is_production=True)
    for wrong in (
        "http://auth.example.com/",
        "ftp://auth.example.com/",
        "https://",
        "x",
        "https:// ",
    ):
        with pytest.raises(ConfigurationError, match="JWT_JWKS_URL"):
            check_url(wrong, is_production=False)
    with pytest.raises(ConfigurationError) as refused:
        check_url("https://me:s3cret@auth.example.com/", is_production=False)
    assert "s3cret" not in str(refused.value)
