"""Changes that are made between the drop and the new creation of what stands in their way."""

from safe_migrations.lint import fixes
from safe_migrations.lint.catalog import Catalog, Dependent
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import sql_of

_VIEWS = {"view", "materialized view"}
_DROP = {"view": "VIEW", "rule": "RULE", "trigger": "TRIGGER", "policy": "POLICY"}


def made_again(situation: Situation, dependents: list[Dependent]) -> str:
    """Write a change between the drop and the new creation of what stands in its way."""
    chain = _with_theirs(situation.catalog, dependents)
    if any(item.tree is None or item.kind not in _DROP for item in chain):
        names = " and ".join(f"the {item.kind} {item.name}" for item in chain)
        return f"# drop {names} before it, and make it again after it, in the same transaction"
    drops = [fixes.execute(_drop(item)) for item in reversed(chain)]
    again = [fixes.execute(sql_of(item.tree)) for item in chain]
    is_view = any(item.kind in _VIEWS for item in chain)
    note = ["# and GRANT again what was granted on the views"] if is_view else []
    change = fixes.execute(situation.statement.sql)
    return "\n".join([*drops, change, *again, *note])


def _with_theirs(catalog: Catalog, dependents: list[Dependent]) -> list[Dependent]:
    """List what depends on something, and then what depends on that, and so on."""
    chain = list(dependents)
    for item in chain:
        if item.kind in _VIEWS:
            chain += [other for other in catalog.dependents_on(item.name) if other not in chain]
    return sorted(chain, key=lambda item: _depth(item, chain))


def _depth(item: Dependent, chain: list[Dependent]) -> int:
    """Count how many views lie one behind the other before it."""
    below = [other for other in chain if other.kind in _VIEWS and other.name in item.uses]
    return 1 + max((_depth(other, chain) for other in below), default=0)


def _drop(item: Dependent) -> str:
    on = f" ON {fixes.name(item.table)}" if item.table else ""
    return f"DROP {_DROP[item.kind]} {fixes.name(item.name)}{on}"
