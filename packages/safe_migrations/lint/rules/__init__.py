"""The rules, one function each: from a statement and the schema that it finds to what is unsafe."""

from safe_migrations.lint.finding import Rule
from safe_migrations.lint.release_before import naming_the_constant
from safe_migrations.lint.rules import (
    access,
    columns,
    compatibility,
    constraints,
    data,
    indexes,
    refused,
    required,
    retypes,
    routines,
    session,
    tables,
    types,
)

_ALL: tuple[Rule, ...] = (
    *columns.RULES,
    *constraints.RULES,
    *indexes.RULES,
    *compatibility.RULES,
    *retypes.RULES,
    *types.RULES,
    *data.RULES,
    *tables.RULES,
    *required.RULES,
    *access.RULES,
    *routines.RULES,
    *session.RULES,
    *refused.RULES,
)
RULES = tuple(map(naming_the_constant, _ALL))

__all__ = ["RULES"]
