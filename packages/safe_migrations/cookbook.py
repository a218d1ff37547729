"""The safe recipes, as Alembic's operations: `migrate` builds revisions of them, lint prints them.

Each gives the steps of a change that leaves readers and writers alone: what a phase has to do, and
what takes it back. Each phase is a revision of its own.
"""

from collections.abc import Sequence
from hashlib import md5

from alembic.operations.ops import (
    AlterColumnOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    DropConstraintOp,
    DropIndexOp,
    MigrateOperation,
)
from alembic.util import sqla_compat
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.sql.elements import conv

from safe_migrations.autogenerate.changes import (
    AddCheck,
    Concurrently,
    Execute,
    Order,
    Phase,
    Step,
)
from safe_migrations.autogenerate.place import Place

NOT_NULL_NOT_VALID_SINCE = 18
"""The first version of Postgres with `NOT NULL ... NOT VALID`."""
_LONGEST_NAME = 63
# A driver's would double percent signs, which whoever executes a text does again.
_DIALECT: Dialect = PGDialect()  # type: ignore[no-untyped-call]  # a gap in SQLAlchemy
_quote = _DIALECT.identifier_preparer.quote


def _alter(place: Place, action: str) -> Execute:
    return Execute(f"ALTER TABLE {place.quoted(_DIALECT)} {action}")


def validated(place: Place, name: str, *before: MigrateOperation) -> Step:
    """Validate a constraint: all rows are read, and others read and write meanwhile."""
    validate = _alter(place, f"VALIDATE CONSTRAINT {_quote(name)}")
    return Step(Phase.VALIDATE, [*before, validate])


def required(
    place: Place,
    column: str,
    major: int,
    phase: Phase = Phase.CHANGE,
    *,
    before: Sequence[MigrateOperation] = (),
    before_validation: Sequence[MigrateOperation] = (),
) -> list[Step]:
    """Make a column NOT NULL: for new rows in `phase`, for the older ones once it is validated.

    `major` is the version of Postgres. From 18 on the constraint itself can be NOT VALID; before, a
    validated CHECK spares SET NOT NULL its read of all rows.
    """
    enforce = AlterColumnOp(place.name, column, schema=place.schema, modify_nullable=False)
    enforce.existing_nullable = True
    is_direct = major >= NOT_NULL_NOT_VALID_SINCE
    name = _required_name(place.name, column, "" if is_direct else "ck_")
    validation = validated(place, name, *before_validation)
    if is_direct:
        sql = f"ADD CONSTRAINT {_quote(name)} NOT NULL {_quote(column)} NOT VALID"
        return [Step(phase, [*before, _alter(place, sql)], [enforce.reverse()]), validation]
    make = AddCheck(place.name, name, f"{_quote(column)} IS NOT NULL", place.schema)
    drop = dropped_check(place, name)
    return [
        Step(phase, [*before, make], [drop]),
        validation,
        Step(Phase.ENFORCE, [enforce, drop], [make, enforce.reverse()]),
    ]


def _required_name(table: str, column: str, prefix: str) -> str:
    """Name the constraint as the guide does; what Postgres would cut off still tells it apart."""
    name = f"{prefix}{table}_{column}_not_null"
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]
    tail = f"_{digest}_not_null"
    start = name.encode()[: _LONGEST_NAME - len(tail)].decode(errors="ignore")
    return start + tail


def dropped_check(place: Place, name: str) -> DropConstraintOp:
    """Drop a CHECK."""
    return DropConstraintOp(conv(name), place.name, type_="check", schema=place.schema)


def not_valid(
    place: Place, name: str, make: MigrateOperation, drop: MigrateOperation, order: Order
) -> list[Step]:
    """Add a constraint that holds for new rows, which `make` does, and then for the older ones."""
    return [Step(Phase.CHANGE, [make], [drop], order), validated(place, name)]


def check(place: Place, name: str, condition: str) -> list[Step]:
    """Add a CHECK; its condition is as `sa.text` takes it."""
    make = AddCheck(place.name, name, condition, place.schema)
    return not_valid(place, name, make, dropped_check(place, name), Order.NEW_CONSTRAINT)


def foreign_key(op: CreateForeignKeyOp) -> list[Step]:
    """Add a foreign key that has a name."""
    op.kw["postgresql_not_valid"] = True
    place = Place(op.kw.get("source_schema"), op.source_table)
    # One that is too long is shortened as CREATE does it.
    name = sqla_compat._get_constraint_final_name(op.to_constraint(), _DIALECT)  # noqa: SLF001
    return not_valid(place, str(name), op, op.reverse(), Order.NEW_FOREIGN_KEY)


def index(place: Place, name: str, build: MigrateOperation) -> Step:
    """Build an index; what a failed build left behind goes first, so that it can be run again."""
    if isinstance(build, CreateIndexOp):
        build.kw["postgresql_concurrently"] = True
    leftover = drop_index(place, name)
    return Step(Phase.INDEXES, [Concurrently(leftover, build)], [Concurrently(leftover)])


def dropped_index(place: Place, name: str, *back: MigrateOperation) -> Step:
    """Drop an index; `back` builds it again."""
    return Step(Phase.INDEXES, [Concurrently(drop_index(place, name))], [Concurrently(*back)])


def drop_index(place: Place, name: str) -> DropIndexOp:
    """Drop an index of a table concurrently; one that failed half-way may be gone already."""
    return DropIndexOp(
        name, place.name, schema=place.schema, if_exists=True, postgresql_concurrently=True
    )


def index_of_key(name: str, *, is_replaced: bool) -> str:
    """Name the index of a new key; where it takes the place of one, the name is taken still."""
    return f"{name}_new" if is_replaced else name


def key(
    place: Place,
    name: str,
    kind: str,
    build: MigrateOperation,
    *back: MigrateOperation,
    timing: str = "",
    replaces: str | None = None,
) -> Step:
    """Make a UNIQUE or PRIMARY KEY of an index that `build` builds, named by `index_of_key`.

    `timing` is what comes behind it, such as ` DEFERRABLE`. `replaces` is the constraint whose
    place it takes in the same statement; `back` takes it all back.
    """
    built = index_of_key(name, is_replaced=replaces is not None)
    drop = f"DROP CONSTRAINT {_quote(replaces)}, " if replaces else ""
    adopt = _alter(
        place,
        f"{drop}ADD CONSTRAINT {_quote(name)} {kind} USING INDEX {_quote(built)}{timing}",
    )
    leftover = drop_index(place, conv(built))
    return Step(Phase.INDEXES, [Concurrently(leftover, build), adopt], back)
