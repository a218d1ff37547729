"""How rows say whose they are: by a column, a condition, their parent, or who is let in."""

from sqlalchemy import Table

from json_rows.owner import PARAMETER, Owner
from json_rows.statement import quoted, references


def owner_named(table: Table, key: str, owner: str) -> Owner:
    """Say whose rows are by a column that refers to owners, or by a condition; TypeError if not."""
    if owner in table.columns:
        if owner not in {key, *references(table)}:
            message = f"{table.name}.{owner} must refer to those who own the rows."
            raise TypeError(message)
        return Owner(f"{{row}}.{quoted(owner)} = {PARAMETER}::uuid")
    if PARAMETER not in owner:
        message = f"{owner} is neither a column of {table.name}, nor a condition on {PARAMETER}."
        raise TypeError(message)
    return Owner(owner)


def owner_above(
    above: Owner, link: str, parent: str, key: str, *, by_owner: bool, or_by: str = ""
) -> Owner:
    """Say that rows are whose their parent's row is; `parent` is its table, by `link` and `key`.

    With `by_owner` only whom the parent's row belongs to changes them, or whom the column `or_by`
    names.
    """
    key, link = quoted(key), quoted(link)

    def through(condition: str) -> str:
        # Not EXISTS: beside OR, Postgres would make a hash table of all rows that the asker owns.
        found = f"{parent} WHERE {parent}.{key} = {{row}}.{link}"
        return f"(SELECT {condition.format(row=parent)} FROM {found})" if condition else ""

    joined = (above.joined or above.condition).format(row=parent)
    changing = through(above.owning if by_owner else above.changing)
    return Owner(
        through(above.condition),
        (link, parent, key),
        f"{{row}}.{link} IN (SELECT {parent}.{key} FROM {parent} WHERE {joined})",
        f"{changing} OR {{row}}.{quoted(or_by)} = {PARAMETER}::uuid" if or_by else changing,
        through(above.owning),
        by_owner=by_owner,
    )


def shared(owner: Owner, table: Table, key: str, column: str, *, by: Table, writers: str) -> Owner:
    """Say who else may see rows, and change them: those of whom rows `by` another table say so.

    `column` is the one that refers to owners. Raises TypeError where the other table does not refer
    to both, once each.
    """
    found = references(by)
    links = [name for name, target in found.items() if target.table is table]
    owners = references(table)[column].table if column in references(table) else None
    users = [name for name, target in found.items() if target.table is owners]
    if len(links) != 1 or len(users) != 1:
        message = f"{by.name} must refer to {table.name} and to its owners, once each."
        raise TypeError(message)
    name, link, user = quoted(by), quoted(links[0]), quoted(users[0])
    own = f"{name}.{user} = {PARAMETER}::uuid"
    member = f"{name} WHERE {name}.{link} = {{row}}.{quoted(key)} AND {own}"
    # Not EXISTS, as with a parent.
    return Owner(
        f"(SELECT true FROM {member})",
        joined=f"{{row}}.{quoted(key)} IN (SELECT {name}.{link} FROM {name} WHERE {own})",
        changing=f"(SELECT {writers.format(member=name)} FROM {member})",
        owning=owner.condition,
    )
