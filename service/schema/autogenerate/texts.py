"""SQL that is written into a revision: what compiling and `sa.text` would make of it is undone."""

import re
from typing import Any

from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Dialect
from typing_extensions import override

# As SQLAlchemy finds the bound parameters of a text.
_BOUND = re.compile(r"(?<![:\w\\]):(?=\w+(?![:\w]))")


def escaped(text: str) -> str:
    r"""Write SQL for `sa.text`, which takes `:word` for a parameter unless it is `\:word`."""
    return _BOUND.sub(r"\\:", text)


def as_written(compiled: str, dialect: Dialect) -> str:
    """Write compiled SQL for `sa.text`; compiling it for psycopg2 has doubled percent signs."""
    is_doubled = getattr(dialect.identifier_preparer, "_double_percents", False)
    return escaped(compiled.replace("%%", "%") if is_doubled else compiled)


class _Postgres(PostgresqlImpl):
    """Takes the place of Alembic's own, whose revisions hold percent signs doubled."""

    __dialect__ = "postgresql"

    @override
    def render_ddl_sql_expr(self, *args: Any, **kw: Any) -> str:
        return as_written(super().render_ddl_sql_expr(*args, **kw), self.dialect)
