"""Sequences near their end."""

from serverless_postgres.stats import Severity


def test_a_sequence_with_numbers_left_is_only_listed(execute, url, look):
    execute(url, "CREATE SEQUENCE small AS smallint", "SELECT setval('small', 300)")
    report = look("sequences")
    assert report.findings == []
    (found,) = report.sections["sequences"].facts["used"]
    assert (found["name"], found["last"], found["most"]) == ("public.small", 300, 32767)


def test_a_sequence_that_runs_out(execute, url, look):
    execute(
        url,
        'CREATE SEQUENCE "작은" AS smallint',
        "SELECT setval('\"작은\"', 25000)",
        "CREATE SEQUENCE round AS smallint CYCLE",
        "SELECT setval('round', 32000)",
    )
    (item,) = look("sequences").findings
    assert (item.about, item.severity) == ('public."작은"', Severity.WARNING)
    execute(url, item.sql)
    assert look("sequences").findings == []


def test_a_sequence_that_is_wider_than_its_column(execute, url, look):
    execute(
        url,
        "CREATE TABLE trips (id integer GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE days (id smallint PRIMARY KEY)",
        "CREATE SEQUENCE days_id OWNED BY days.id",
        "SELECT setval('days_id', 32000)",
        "SELECT setval(pg_get_serial_sequence('trips', 'id'), 1000)",
    )
    (item,) = look("sequences").findings
    assert (item.about, item.severity) == ("public.days_id", Severity.ERROR)
    assert "each INSERT into days fails" in item.said
    assert "id, which is smallint" in item.advice
