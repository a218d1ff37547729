"""Counting in one process: exact, for as long as it is said, and never more than there is room."""

import threading

import pytest

from api_access import counters
from api_access.counters import Counters


@pytest.fixture
def memory():
    return Counters("memory://", lambda: None)


def test_each_is_counted_for_itself(memory):
    assert [memory.add("one", 60), memory.add("one", 60), memory.add("other", 60)] == [1, 2, 1]
    assert (memory.get("one"), memory.get("nobody")) == (2, 0)


def test_what_is_counted_lasts_from_the_first(memory, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    memory = Counters("memory://", lambda: None)
    assert memory.add("one", 60) == 1
    now[0] += 59
    assert memory.add("one", 60) == 2
    now[0] += 1
    assert memory.get("one") == 0
    assert memory.add("one", 60) == 1


def test_none_is_lost_whoever_comes_at_the_same_time(memory):
    threads = [
        threading.Thread(target=lambda: [memory.add("one", 60) for _ in range(500)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory.get("one") == 4000


def test_addresses_that_somebody_makes_up_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(counters, "MOST", 100)
    before = threading.active_count()
    memory = Counters("memory://", lambda: None)
    for number in range(10_000):
        memory.add(str(number), 3600)
        # Whoever goes on coming is not forgotten.
        assert memory.add("honest", 3600) == number + 1
    assert sum(bool(memory.get(str(number))) for number in range(10_000)) < 100
    assert threading.active_count() <= before
