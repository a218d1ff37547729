"""The rules, one function each: from a statement and the schema that it finds to what is unsafe."""

from service.schema.lint.finding import Rule
from service.schema.lint.rules import (
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

RULES: tuple[Rule, ...] = (
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

__all__ = ["RULES"]
