"""The rules, one function each: from a statement and the schema that it finds to what is unsafe."""

from service.schema.lint.finding import Rule
from service.schema.lint.rules import (
    columns,
    compatibility,
    constraints,
    data,
    indexes,
    refused,
    retypes,
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
    *refused.RULES,
)

__all__ = ["RULES"]
