"""Which changes of a column's type rewrite the table.

Facts: PostgreSQL 18, ALTER TABLE, "Notes" (binary coercible types); in its source,
ATColumnChangeRequiresRewrite and the planner support functions of length coercions.
"""

from safe_migrations.lint.names import Type

_UNBOUNDED_TEXT = {"text", "varchar"}
# Those whose first modifier is a number of digits or bits that may grow.
_PRECISION = {"varbit", "timestamp", "timestamptz", "time", "timetz", "interval"}
_MICROSECONDS = {"timestamp", "timestamptz", "time", "timetz", "interval"}
# From another type, Postgres does not see that a modifier cuts nothing.
_CUT_AFTERWARDS = {"varbit", "timestamp", "timestamptz"}
_BINARY_COERCIBLE = {
    ("varchar", "text"),
    ("text", "varchar"),
    ("cidr", "inet"),
    ("xml", "text"),
    ("xml", "varchar"),
    ("bit", "varbit"),
    ("citext", "text"),
    ("text", "citext"),
    ("varchar", "citext"),
    ("citext", "varchar"),
    ("int4", "oid"),
    ("oid", "int4"),
}
# Postgres only relabels these when the session's time zone is UTC.
_ZONES = {("timestamp", "timestamptz"), ("timestamptz", "timestamp")}
# These relabel the rows, but their operator classes differ.
_OTHER_ORDER = _ZONES | {("bit", "varbit"), ("int4", "oid"), ("oid", "int4")}
_ALIASES = {
    "int": "int4",
    "integer": "int4",
    "bigint": "int8",
    "smallint": "int2",
    "boolean": "bool",
    "decimal": "numeric",
}


def rewrites(old: Type, new: Type, *, is_utc: bool = True) -> bool:
    """Tell whether a column's rows are written anew when its type changes, without USING.

    `is_utc` is the session's time zone, which env.py sets to UTC.
    """
    old, new = _plain(old), _plain(new)
    if old == new:
        return False
    if old.is_array or new.is_array:
        # Arrays are relabelled only where the elements need not be looked at.
        return (old.name, old.is_array) != (new.name, new.is_array) or new.modifiers != ()
    if (old.name, new.name) in _ZONES and not is_utc:
        return True
    return not (_is_relabelled(old, new) and _keeps_values(old, new))


def rebuilds_indexes(old: Type, new: Type) -> bool:
    """Tell whether the indexes on a column are built anew although its rows stay as they are.

    So it is where the new type's default operator class is another one (in Postgres's source,
    CheckIndexCompatible).
    """
    pair = (_plain(old).name, _plain(new).name)
    return pair in _OTHER_ORDER or (pair[0] != pair[1] and "citext" in pair)


def _plain(type_: Type) -> Type:
    """Write a type in one way where SQL knows several."""
    name, modifiers = _ALIASES.get(type_.name, type_.name), type_.modifiers
    if name == "numeric" and len(modifiers) == 1:
        modifiers = (*modifiers, 0)
    if name in _MICROSECONDS and modifiers == (6,):
        modifiers = ()
    return Type(name, modifiers, type_.is_array)


def _is_relabelled(old: Type, new: Type) -> bool:
    pair = (old.name, new.name)
    return old.name == new.name or pair in _BINARY_COERCIBLE or pair in _ZONES


def _keeps_values(old: Type, new: Type) -> bool:
    """Tell whether every value fits as it is, as far as the modifiers tell."""
    if old.name != new.name and new.modifiers and new.name in _CUT_AFTERWARDS:
        return False
    if new.name in _UNBOUNDED_TEXT and not new.modifiers:
        return True
    if new.name == "varchar":
        return bool(old.modifiers) and old.name == "varchar" and new.modifiers >= old.modifiers
    if new.name == "numeric":
        return _holds_numbers(old.modifiers, new.modifiers)
    if new.name in _PRECISION:
        return not new.modifiers or (
            len(old.modifiers) == len(new.modifiers) and new.modifiers >= old.modifiers
        )
    return new.modifiers == old.modifiers or (not new.modifiers and new.name != "bpchar")


def _holds_numbers(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    if not new:
        return True
    if not old:
        return False
    return old[1:] == new[1:] and new[0] >= old[0]
