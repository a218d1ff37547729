"""The keys that are known of an issuer: asked for seldom, kept while it is away, not for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import pytest

from api_access.jwks import fetch
from api_access.key_set import KeySet, Pace

PACE = Pace(fetch_s=30)


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(issuer, clock):
    return KeySet(partial(fetch, issuer.url), PACE, clock)


def settled() -> None:
    """Wait until nothing is fetched any more."""
    for thread in threading.enumerate():
        if thread.name == "jwks":
            thread.join()


def test_keys_are_fetched_when_they_are_first_needed(keys, issuer):
    assert issuer.asked == 0
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: keys.find("first", "ES256"), range(8)))
    assert all(found)
    assert issuer.asked == 1


def test_security_17_a_key_is_for_the_algorithm_of_its_type(keys):
    assert keys.find("first", "RS256") is None
    assert keys.find("first", "HS256") is None
    assert keys.find("first", "ES256")


def test_security_17_a_thousand_ids_that_nobody_knows_are_one_question(keys, issuer, clock):
    keys.find("first", "ES256")
    clock.now += PACE.cooldown_s
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: keys.find(uuid4().hex, "ES256"), range(1000)))
    settled()
    assert not any(found)
    assert issuer.asked == 2


def test_security_17_a_flood_does_not_keep_a_rotated_key_out(keys, issuer, clock):
    assert keys.find("first", "ES256")
    clock.now += PACE.cooldown_s
    for _ in range(20):
        keys.find(uuid4().hex, "ES256")
    settled()
    issuer.rotate("second")
    # Within the cooldown it has to wait, after that whoever asks first has it fetched.
    assert keys.find("second", "ES256") is None
    clock.now += PACE.cooldown_s
    keys.find(uuid4().hex, "ES256")
    settled()
    assert keys.find("second", "ES256")
    assert keys.find("first", "ES256") is None
    assert issuer.asked == 3


def test_who_makes_up_ids_does_not_have_all_wait_for_a_slow_issuer(keys, issuer, clock):
    keys.find("first", "ES256")
    clock.now += PACE.cooldown_s
    issuer.wait_s = 120
    flood = [
        threading.Thread(target=keys.find, args=[uuid4().hex, "ES256"], daemon=True)
        for _ in range(16)
    ]
    for thread in flood:
        thread.start()
    for _ in range(1000):
        waiting = [thread for thread in flood if thread.is_alive()]
        if len(waiting) <= 2:
            break
        waiting[0].join(0.02)
    assert len(waiting) <= 2
    assert keys.find("first", "ES256")
    issuer.wait_s = 0


def test_keys_are_fetched_anew_in_the_background(keys, issuer, clock):
    first = keys.find("first", "ES256")
    issuer.rotate("first")
    clock.now += PACE.refresh_s + 1
    # At once, and what was known until then.
    assert keys.find("first", "ES256") is first
    settled()
    assert keys.find("first", "ES256") is not first
    assert issuer.asked == 2


def test_security_17_keys_are_kept_for_an_hour_while_the_issuer_is_away(
    keys, issuer, clock, caplog
):
    keys.find("first", "ES256")
    issuer.answer = (500, {}, b"")
    while clock.now < 1000 + PACE.longest_s - PACE.cooldown_s:
        clock.now += PACE.refresh_s
        clock.now = min(clock.now, 1000 + PACE.longest_s - 1)
        assert keys.find("first", "ES256")
        settled()
    assert issuer.asked > 5
    clock.now = 1000 + PACE.longest_s
    assert keys.find("first", "ES256") is None
    # Said once.
    assert caplog.text.count("could not be fetched") == 1
    issuer.answer = None
    clock.now += PACE.cooldown_s
    assert keys.find("first", "ES256")
    assert "could be fetched again" in caplog.text


def test_an_issuer_that_is_slow_is_not_waited_for_again_and_again(issuer):
    keys = KeySet(partial(fetch, issuer.url), Pace(fetch_s=0.2, cooldown_s=3600))
    issuer.wait_s = 120
    assert keys.find("first", "ES256") is None
    settled()
    assert [keys.find("first", "ES256") for _ in range(100)] == [None] * 100
    assert issuer.asked == 1
