"""How types and operations are written in a revision."""

import textwrap
from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op, renderers
from sqlalchemy import CheckConstraint, Enum
from sqlalchemy import types as sqltypes
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from safe_migrations.autogenerate.changes import (
    AddCheck,
    AlterType,
    Change,
    Concurrently,
    Execute,
    Remark,
)
from safe_migrations.autogenerate.texts import as_written, escaped

_WIDTH = 80
"""Of the texts in a revision, which stand some columns to the right."""


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write what Alembic would write so that the revision fails, or depends on sqlmodel."""
    match item:
        case CheckConstraint() if kind == "check":
            return _check_of_new_table(item, autogen)
        case AutoString():
            return _string(item.impl_instance)
        case UTCDateTime():
            return "sa.DateTime(timezone=True)"
        case Enum() if item.native_enum and item.name:
            return _native_enum(item, autogen)
        case sqltypes.ARRAY(item_type=sqltypes.Text()):
            return "sa.ARRAY(sa.Text())"
    return False


def _native_enum(item: Enum, autogen: AutogenContext) -> str:
    """Name the type only: a statement of its own makes it, as ADD COLUMN would not."""
    autogen.imports.add("from sqlalchemy.dialects import postgresql")
    values = ", ".join(repr(value) for value in item.enums)
    schema = f", schema={str(item.schema)!r}" if item.schema else ""
    return f"postgresql.ENUM({values}, name={str(item.name)!r}{schema}, create_type=False)"


def _string(item: Any) -> str:
    options = [
        f"{name}={value!r}"
        for name, value in (("length", item.length), ("collation", item.collation))
        if value
    ]
    return f"sa.String({', '.join(options)})"


def _check_of_new_table(item: CheckConstraint, autogen: AutogenContext) -> str | Literal[False]:
    if getattr(item, "_type_bound", False) or not item.name:
        return False
    return (
        f"sa.CheckConstraint({_literal(condition(item, autogen))}, name=op.f({str(item.name)!r}))"
    )


def condition(item: CheckConstraint, autogen: AutogenContext) -> str:
    """Write the text of a CHECK as the models word it."""
    assert autogen.dialect is not None  # noqa: S101  there is a connection
    compiled = item.sqltext.compile(
        dialect=autogen.dialect, compile_kwargs={"literal_binds": True, "include_table": False}
    )
    return as_written(str(compiled), autogen.dialect)


def _literal(text: str) -> str:
    """Write a text as a Python literal, on lines short enough for the linter."""
    lines = textwrap.wrap(
        text, _WIDTH, break_long_words=False, break_on_hyphens=False, drop_whitespace=False
    )
    if len(lines) <= 1 or "".join(lines) != text:
        return repr(text)
    return "(" + "\n".join(repr(line) for line in lines) + ")"


@renderers.dispatch_for(Execute)
def _execute(_autogen: AutogenContext, op: Execute) -> str:
    return f"op.execute({_literal(escaped(op.sqltext))})"


@renderers.dispatch_for(AddCheck)
def _add_check(_autogen: AutogenContext, op: AddCheck) -> str:
    schema = f"schema={op.schema!r}, " if op.schema else ""
    return (
        f"op.create_check_constraint(op.f({op.name!r}), {op.table!r}, {_literal(op.condition)}, "
        f"{schema}postgresql_not_valid=True)"
    )


@renderers.dispatch_for(AlterType)
def _alter_type(autogen: AutogenContext, op: AlterType) -> str:
    plain = renderers.dispatch(op.__class__.__mro__[1])(autogen, op)
    return f"{plain[:-1]}, postgresql_using={op.using!r})"


@renderers.dispatch_for(Concurrently)
def _concurrently(autogen: AutogenContext, op: Concurrently) -> str:
    lines = [line for operation in op.operations for line in render_op(autogen, operation)]
    body = textwrap.indent("\n".join(lines), "    ")
    return f"with op.get_context().autocommit_block():\n{body}"


@renderers.dispatch_for(Remark)
def _remark(_autogen: AutogenContext, op: Remark) -> list[str]:
    return [
        line
        for text in op.paragraphs
        for line in textwrap.wrap(text, 92, initial_indent="# ", subsequent_indent="# ")
    ]


@renderers.dispatch_for(Change)
def _change(autogen: AutogenContext, op: Change) -> list[str]:
    operations = [up for step in op.steps for up in step.up]
    return [line for operation in operations for line in render_op(autogen, operation)]
