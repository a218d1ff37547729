"""Compares the names of foreign keys; Alembic compares all else of them."""

from collections.abc import Iterator

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateForeignKeyOp, DropConstraintOp
from alembic.util import sqla_compat
from sqlalchemy import Dialect, ForeignKeyConstraint, Table

from safe_migrations import cookbook
from safe_migrations.autogenerate.changes import Change, Execute, Order, Phase, Step
from safe_migrations.autogenerate.place import place_of


def compare(autogen: AutogenContext, model: Table, there: Table) -> Iterator[Change]:
    """Find foreign keys that have another name in the models, such as those of a renamed table."""
    quote = autogen.dialect.identifier_preparer.quote
    place = place_of(model.schema, model.name, autogen.dialect)
    table = f"ALTER TABLE {place.quoted(autogen.dialect)} RENAME CONSTRAINT"
    live = {_signature(key, autogen.dialect): key for key in there.foreign_key_constraints}
    taken = {str(key.name) for key in there.foreign_key_constraints}
    for key in model.foreign_key_constraints:
        twin = live.pop(_signature(key, autogen.dialect), None)
        name = sqla_compat._get_constraint_final_name(key, autogen.dialect)  # noqa: SLF001
        if twin is None or name is None or twin.name == name or name in taken:
            continue
        old = str(twin.name)
        there_sql = Execute(f"{table} {quote(old)} TO {quote(name)}")
        back = Execute(f"{table} {quote(name)} TO {quote(old)}")
        make, again = (CreateForeignKeyOp.from_constraint(item) for item in (key, twin))
        yield Change(
            "rename_constraint",
            str(place),
            old,
            f"The foreign key {old} is {name} in the models.",
            [Step(Phase.CHANGE, [there_sql], [back], Order.RENAME)],
            apart=[
                Step(
                    Phase.CHANGE,
                    [DropConstraintOp.from_constraint(twin)],
                    [again],
                    Order.OLD_FOREIGN_KEY,
                ),
                *cookbook.foreign_key(make),
            ],
        )


def _signature(key: ForeignKeyConstraint, dialect: Dialect) -> tuple[object, ...]:
    tokens = [element._column_tokens for element in key.elements]  # noqa: SLF001  known also of a table that was never read
    elements = tuple(
        (place_of(schema, str(table), dialect), column) for schema, table, column in tokens
    )
    actions = ((action or "no action").lower() for action in (key.ondelete, key.onupdate))
    return tuple(key.column_keys), elements, *actions, bool(key.deferrable), key.initially or ""
