"""The pauses between attempts: they grow, leave what the next one needs, and end with the time."""

from threading import Event

import pytest

from serverless_postgres.retry import Patience


class Clock:
    """An Event that nobody sets, whose waiting takes no time but is counted."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return False


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_pauses_double_up_to_the_longest(clock):
    patience = Patience(3600, clock, first_s=1, longest_s=6, drawn=0)
    assert all(patience.wait() for _ in range(5))
    assert clock.pauses == [1, 2, 4, 6, 6]
    assert patience.attempts == 6


@pytest.mark.parametrize(("drawn", "least"), [(0.5, 0.5), (1, 0)])
def test_a_share_of_each_is_left_to_chance(clock, drawn, least):
    patience = Patience(3600, clock, first_s=1, longest_s=1, drawn=drawn)
    for _ in range(200):
        patience.wait()
    assert all(least <= pause <= 1 for pause in clock.pauses)
    assert len(set(clock.pauses)) > 100


def test_a_wait_that_is_asked_for_is_never_shortened(clock):
    patience = Patience(3600, clock, first_s=1, longest_s=2, drawn=1)
    assert patience.wait(least_s=30)
    assert clock.pauses == [30]


def test_there_is_no_pause_that_leaves_too_little(clock):
    patience = Patience(10, clock, first_s=1, longest_s=1, drawn=0)
    assert not patience.wait(needed_s=9.5)
    assert not patience.wait(least_s=11)
    assert patience.wait(needed_s=8.5)
    assert (clock.pauses, patience.attempts) == ([1], 2)


def test_it_is_told_before_it_begins(clock):
    told: list[float] = []
    patience = Patience(3600, clock, first_s=1, longest_s=2, drawn=1)
    patience.wait(tell=told.append)
    patience.wait(least_s=5, tell=told.append)
    assert told == [1, 5]


def test_without_time_there_is_one_attempt(clock):
    assert not Patience(0, clock).wait()
    assert clock.pauses == []


def test_whoever_stops_waits_no_longer():
    ended = Event()
    ended.set()
    assert not Patience(3600, ended, first_s=3000, longest_s=3000).wait()
