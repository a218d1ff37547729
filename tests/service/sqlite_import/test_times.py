"""Times in the forms that people have them in SQLite: read, or refused with the reason."""

from datetime import UTC, datetime

import pytest

# Columns without a type keep values as they are: text stays text.
UNTYPED = """
    DROP TABLE users;
    CREATE TABLE users (id INTEGER PRIMARY KEY, username, email, created_at, updated_at)
"""
WAY_OUT = "; write it as 2026-01-31 14:00:00+09:00 in the source, and import that again"

# In each: 2026-01-11 04:22:27 in UTC, and what is said of the form.
SAME = [
    ("2026-01-11 04:22:27", None),
    ("2026-01-11T04:22:27Z", None),
    ("2026-01-11t04:22:27z", None),
    ("2026-01-11 04:22:27+00", None),
    ("2026-01-11 13:22:27+0900", None),
    ("2026-01-11 13:22:27+09", None),
    ("2026-01-11T04:22:27.000000000Z", None),
    ("2026-01-11-04:22:27", None),
    ("2026-01-11-04:22:27Z", None),
    ("20260111T042227Z", None),
    ("2026-W02-7T04:22:27", None),
    (b"2026-01-11 04:22:27", None),
    (1768105347, "in seconds since 1970"),
    (1768105347.0, "in seconds since 1970"),
    ("1768105347", "in seconds since 1970"),
    ("1.768105347e9", "in seconds since 1970"),
    ("１７６８１０５３４７", "in seconds since 1970"),  # noqa: RUF001
    (1768105347000, "in milliseconds since 1970"),
    ("1768105347000", "in milliseconds since 1970"),
    (1768105347000000, "in microseconds since 1970"),
    (1768105347000000999, "in nanoseconds since 1970"),
    (2461051.6822569445, "as a Julian day"),
    ("2461051.6822569445", "as a Julian day"),
    (20260111042227, "in digits only"),
    ("20260111042227", "in digits only"),
    ("2026-01-11 04:22:27 +00:00", "with a blank before the zone"),
    ("2026-01-11 04:22:27 Z", "with a blank before the zone"),
    ("2026-01-11 04:22:27UTC", "with UTC as a word"),
    ("2026-01-11 04:22:27 utc", "with a blank before the zone, with UTC as a word"),
    ("2026-01-11 13:22:27 UTC+9", "with a blank before the zone, with UTC as a word"),
    ("2026-01-11 13:22:27 +0900 KST", "with a blank before the zone, with the name of the zone"),
    (
        "2026-01-11 13:22:27 +0900 KST m=+0.0001",
        "with a blank before the zone, with the name of the zone",
    ),
    ("2026-01-11T13:22:27+09:00[Asia/Seoul]", "with the name of the zone"),
    ("2026/01/11 04:22:27", "with another form of date"),
    ("2026.1.11 4:22:27", "with another form of date, with one digit for the hour"),
    ("2026-01-11T04:22:27.000000999Z", "with more than six decimals"),
    (" 2026-01-11 04:22:27\n", "with blanks, quotes or full-width characters"),
    ("\u00a02026-01-11\u00a004:22:27", "with blanks, quotes or full-width characters"),
    ('"2026-01-11T04:22:27Z"', "with blanks, quotes or full-width characters"),
    ("２０２６-01-11 04:22:27", "with blanks, quotes or full-width characters"),  # noqa: RUF001
    ("Sun, 11 Jan 2026 04:22:27 GMT", "as in an e-mail"),
    ("11 Jan 2026 13:22:27 +0900", "as in an e-mail"),
    ("Sun Jan 11 2026 13:22:27 GMT+0900 (한국 표준시)", "as in JavaScript"),
]
OTHERS = [
    ("2026-01-11", "2026-01-11", None),
    ("2026-01-11 04:22", "2026-01-11 04:22", None),
    ("2026-01-11 04:22:27,5", "2026-01-11 04:22:27.5", None),
    (20260111, "2026-01-11", "in digits only"),
    (202601110422, "2026-01-11 04:22", "in digits only"),
    (2461052, "2026-01-11 12:00", "as a Julian day"),
    (1768105347.521293, "2026-01-11 04:22:27.521293", "in seconds since 1970"),
    (1768105347521.293, "2026-01-11 04:22:27.521293", "in milliseconds since 1970"),
    # Its first eight digits would be a date.
    ("1970123100000", "2032-06-06 08:25", "in milliseconds since 1970"),
    (946684800, "2000-01-01", "in seconds since 1970"),
    (4102444799, "2099-12-31 23:59:59", "in seconds since 1970"),
    ("2026-01-11 24:00:00", "2026-01-12", "at 24:00"),
    ("2026-01-11 04:21:60", "2026-01-11 04:22", "in a 60th second"),
    ("2026-12-31T23:59:60.5Z", "2027-01-01 00:00:00.5", "in a 60th second"),
    ("1970-01-01T00:00:00Z", "1970-01-01", None),
]

NO_TIME = "is not a time"
NO_UNIT = "is a number that is in no range of a known unit"
DAYS = "is a number that may count days since 1858, 1899, 1904 or 1970"
NO_OFFSET = "has the name of a zone, but not its offset from UTC"
WRONG_OFFSET = "has an offset from UTC that can't be"
IN_WORDS = "is in words, and without an offset from UTC"
YEAR_LAST = "is a date that does not begin with the year"
OUT_OF_RANGE = "is before 1970 or after 2999"
REFUSED = [
    (None, "is missing"),
    ("", "is empty"),
    (" \t", "is empty"),
    ("CURRENT_TIMESTAMP", NO_TIME),
    ("null", NO_TIME),
    ("0000-00-00 00:00:00", NO_TIME),
    ("2026-13-01 00:00:00", NO_TIME),
    ("2026-01-11 24:00:01", NO_TIME),
    ("2026-01-11 04:22.27", NO_TIME),
    ("2026-01-11 4:22 PM", NO_TIME),
    ("2026년 1월 2일 오전 3:04", NO_TIME),
    ("9" * 10_000, NO_TIME),
    ("2026-01-11 04:22:27" + " " * 100_000 + "x", NO_TIME),
    (b"\xff", NO_TIME),
    (0, NO_UNIT),
    (-1768105347, NO_UNIT),
    (946684799, NO_UNIT),
    (4102444800, NO_UNIT),
    (790_000_000, NO_UNIT),  # Seconds since 2001, or a day of 1995.
    (132_485_760_000_000_000, NO_UNIT),  # Of Windows, since 1601.
    (638_717_979_390_000_000, NO_UNIT),  # Of .NET, since the year 1.
    (20261399, NO_UNIT),
    (float("inf"), NO_UNIT),
    (46033, DAYS),
    (46033.18, DAYS),
    ("46033.18", DAYS),
    ("2026-01-11 04:22:27 KST", NO_OFFSET),
    ("2026-01-11 04:22:27 Asia/Seoul", NO_OFFSET),
    ("2026-01-11 04:22:27+25:00", WRONG_OFFSET),
    ("2026-01-11 04:22:27 +0900 UTC", WRONG_OFFSET),
    ("2026-01-11 04:22:27 +0900 +0800", WRONG_OFFSET),
    ("Sun, 11 Jan 2026 04:22:27", IN_WORDS),
    ("Sun, 11 Jan 2026 04:22:27 EST", IN_WORDS),
    ("01/02/2026 03:04", YEAR_LAST),
    ("11.01.26", YEAR_LAST),
    ("0001-01-01T00:00:00Z", OUT_OF_RANGE),
    ("9999-12-31 23:59:59", OUT_OF_RANGE),
    ("1970-01-01T00:00:00+14:00", OUT_OF_RANGE),
]


@pytest.fixture
def untyped(make_file):
    """Make a file whose users were created at the given times, or changed at them."""

    def make(values, column="created_at"):
        file = make_file()
        for statement in UNTYPED.split(";"):
            file.execute(statement)
        for number, value in enumerate(values, 1):
            file.user(f"u{number}", **{column: value})
        return file

    return make


def test_what_can_mean_one_time_only_is_read_and_told(untyped, report, rows):
    cases = [(given, "2026-01-11 04:22:27", how) for given, how in SAME] + OTHERS
    told = report(untyped([given for given, *_ in cases]))
    assert told.counts("written")[0] == len(cases)
    assert told.counts("repaired")[0] == sum(how is not None for *_, how in cases)
    found = rows("SELECT created_at, legacy_note FROM users ORDER BY legacy_id::int")
    for (given, moment, how), row in zip(cases, found, strict=True):
        assert row["created_at"] == datetime.fromisoformat(moment).replace(tzinfo=UTC), given
        note = (row["legacy_note"] or "").partition(": ")[0]
        assert note == (f"created_at {how}, converted" if how else ""), given
    assert told.repairs("users")["created_at at 24:00, converted"] == 1


def test_a_note_has_the_value_before(untyped, report, rows):
    report(untyped([1768105347521]))
    (user,) = rows("SELECT legacy_note FROM users")
    assert user["legacy_note"] == (
        "created_at in milliseconds since 1970, converted: 1768105347521"
    )


def test_what_may_mean_several_is_refused_with_the_way_out(untyped, report):
    told = report(untyped([given for given, _ in REFUSED]))
    wanted: dict[str, list[str]] = {}
    for number, (_, why) in enumerate(REFUSED, 1):
        wanted.setdefault(f"created_at {why}{WAY_OUT}", []).append(str(number))
    assert told.refusals("users") == wanted


def test_where_a_time_may_be_missing_it_becomes_null(untyped, report, rows):
    told = report(untyped([given for given, _ in REFUSED], "updated_at"))
    assert told.counts("written")[0] == len(REFUSED)
    assert told.repairs("users")[f"updated_at {DAYS}, now null"] == 3
    found = rows("SELECT legacy_note FROM users WHERE updated_at = created_at")
    assert len(found) == len(REFUSED)
    assert f"updated_at {DAYS}, now null: 46033.18\n" in found[24]["legacy_note"]


def test_imported_again_they_are_the_same_rows(untyped, report):
    file = untyped([given for given, _ in SAME])
    assert report(file).counts("written")[0] == len(SAME)
    assert report(file).counts("already_there")[0] == len(SAME)
