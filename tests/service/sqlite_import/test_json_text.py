"""JSON text that Postgres would refuse, and JSON text that only looks as if."""

import json

import pytest

from sqlite_to_postgres.json_text import DoubtfulJsonError, decode, mend


@pytest.mark.parametrize(
    "text",
    [
        "1",
        '"\\ud64d\\ub300 \\ud83d\\ude00"',
        '{"a": [1.5e-7, "NaN"]}',
        " [ ] ",
        "[" * 500 + "]" * 500,
        "9" * 5000,
    ],
)
def test_ordinary_json_needs_no_mending(text):
    decode(text)


@pytest.mark.parametrize("text", ["", "{", "nul", "01", "[1,]", '"\n"', "[" * 501 + "]" * 501])
def test_what_is_no_json_is_told(text):
    with pytest.raises(ValueError):  # noqa: PT011  which one of json's own does not matter
        decode(text)


@pytest.mark.parametrize(
    ("text", "mended", "characters", "numbers"),
    [
        (r'"\u0000"', r'"\ufffd"', 1, []),
        (r'{"\ud800": "\uDC00\ud83d"}', r'{"\ufffd": "\ufffd\ufffd"}', 3, []),
        (r'"\ud800 \ud83d\ude00"', r'"\ufffd \ud83d\ude00"', 1, []),
        (r'"\\u0000 \\\u0000"', r'"\\u0000 \\\ufffd"', 1, []),
        (r'{"a": "\ud800", "a": 1}', r'{"a": "\ufffd", "a": 1}', 1, []),
        ('[NaN, "NaN", -Infinity]', '[null, "NaN", null]', 0, ["NaN", "-Infinity"]),
        ("[1e200000, 1e-17000, 1e131000]", "[null, null, 1e131000]", 0, ["1e200000", "1e-17000"]),
    ],
)
def test_only_what_postgres_refuses_is_replaced(text, mended, characters, numbers, rows):
    with pytest.raises(DoubtfulJsonError):
        decode(text)
    assert mend(text) == (mended, characters, numbers)
    json.loads(mended)
    (found,) = rows(f"SELECT '{mended}'::jsonb IS NOT NULL AS is_taken")
    assert found["is_taken"]
