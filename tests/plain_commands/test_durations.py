"""Durations as people write them, and as they are told."""

from datetime import timedelta

import pytest

from plain_commands.durations import in_words, read_duration
from plain_commands.errors import InvalidInputError

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "meant", "told"),
    [
        ("90m", timedelta(minutes=90), "90 minutes"),
        (" 24 h ", DAY, "1 day"),
        ("7d", 7 * DAY, "7 days"),
        ("2w", 14 * DAY, "14 days"),
    ],
)
def test_a_duration_is_read_and_told(text, meant, told):
    assert read_duration(text) == meant
    assert in_words(meant) == told


@pytest.mark.parametrize("text", ["", "soon", "5", "-1d", "30s", "1000000d", "\uff10d", "0h"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InvalidInputError, match="is not a lifetime: write minutes"):
        read_duration(text, noun="lifetime")


def test_a_duration_may_have_limits():
    assert read_duration("0h", least=timedelta(0)) == timedelta(0)
    assert read_duration("30d", most=30 * DAY) == 30 * DAY
    with pytest.raises(InvalidInputError, match=r"The overlap may be 30 days at most\."):
        read_duration("31d", noun="overlap", most=30 * DAY)
    # What no calendar holds is still no overflow.
    assert read_duration("999999w").days == 6_999_993
