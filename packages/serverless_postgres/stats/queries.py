"""Queries: those that took the most time, those that run now, and those that wait."""

from typing import Any

from sqlalchemy.exc import DBAPIError

from serverless_postgres.losses import original
from serverless_postgres.stats import activity, statements
from serverless_postgres.stats.circumstances import Inquiry
from serverless_postgres.stats.finding import Section
from serverless_postgres.stats.statements import Statements

SQL = (
    f"SELECT json_build_object('activity', ({activity.SQL}), "
    f"'availability', ({statements.AVAILABILITY_SQL}))"
)


def judge(found: Any, inquiry: Inquiry) -> Section:
    """Judge what SQL found, and ask pg_stat_statements where it is."""
    now = activity.activity(found["activity"])
    counted = _statements(found["availability"], inquiry)
    return Section(
        facts=counted.as_json() | now.as_json(inquiry.limit),
        figures=(counted.figures(), *now.figures(inquiry.limit)),
        findings=(*now.findings(), *counted.findings()),
    )


def _statements(availability: Any, inquiry: Inquiry) -> Statements:
    schema = availability["schema"]
    if schema is None:
        return statements.missing(availability, inquiry.about)
    sql = statements.SQL.replace("SCHEMA", schema.replace("%", "%%"))
    try:
        with inquiry.connection.begin_nested():
            rows = inquiry.connection.exec_driver_sql(sql, {"limit": inquiry.limit}).all()
    except DBAPIError as error:
        # Such as: it is not in shared_preload_libraries.
        said = " ".join(str(original(error)).split())
        return statements.missing(availability, inquiry.about, said)
    return statements.statements(rows)
