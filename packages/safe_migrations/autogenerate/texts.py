"""SQL that is written into a revision: what compiling and `sa.text` would make of it is undone."""

import re
from typing import Any

from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Dialect, ForeignKeyConstraint
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
    """Takes the place of Alembic's own, which doubles percent signs in revisions.

    It also takes the default schema for another one where a model gives its name.
    """

    __dialect__ = "postgresql"

    @override
    def render_ddl_sql_expr(self, *args: Any, **kw: Any) -> str:
        return as_written(super().render_ddl_sql_expr(*args, **kw), self.dialect)

    @override
    def _create_metadata_constraint_sig(self, *args: Any, **opts: Any) -> Any:
        return self._placed(super()._create_metadata_constraint_sig(*args, **opts))

    @override
    def _create_reflected_constraint_sig(self, *args: Any, **opts: Any) -> Any:
        return self._placed(super()._create_reflected_constraint_sig(*args, **opts))

    def _placed(self, signature: Any) -> Any:
        """Take the default schema for what it is, when a model gives its name."""
        if isinstance(signature.const, ForeignKeyConstraint):
            schemas = [
                None if schema == self.dialect.default_schema_name else schema
                for schema in (signature.source_schema, signature.target_schema)
            ]
            signature.source_schema, signature.target_schema = schemas
            source, target = signature._sig[1:3], signature._sig[4:]  # noqa: SLF001  made anew
            signature._sig = (schemas[0], *source, schemas[1], *target)  # noqa: SLF001
        return signature
