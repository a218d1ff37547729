"""CHECKs that read all rows when they are added, also those of domains."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations import cookbook
from safe_migrations.autogenerate.texts import escaped
from safe_migrations.lint import fixes
from safe_migrations.lint.constraints import added
from safe_migrations.lint.effects import is_domain_checked
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import qualified, strings, text_of
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


def _not_valid_first(situation: Situation, found: Facts) -> str:
    name = found.added.name(situation)
    if found.added.tree.is_no_inherit:
        code = fixes.then(found.added.not_valid(name), fixes.validate(found.table, name))
    else:
        condition = escaped(text_of(found.added.tree.raw_expr))
        code = fixes.printed(cookbook.check(fixes.place(found.table), name, condition))
    return str(found.added.before(situation) + code)


@rule(
    "a CHECK that is verified on all rows under a strong lock",
    why="Postgres reads all rows of {table} under ACCESS EXCLUSIVE: all reads and writes wait.",
    cure=_not_valid_first,
)
def check_validates(situation: Situation) -> Iterator[Facts]:
    """Find CHECKs that are added and validated at once."""
    for item in added(situation, pg.CONSTR_CHECK):
        if not item.is_unchecked:
            yield Facts(table=item.table, added=item)


def _for_new_values(situation: Situation, _: Facts) -> str:
    node = situation.node
    if node.subtype == "V":  # VALIDATE CONSTRAINT of a domain holds SHARE, too.
        return "# leave it NOT VALID, so that it holds for new values only"
    domain = qualified(strings(node.type_name))
    name, condition = f"{domain}_check", "VALUE IS NOT NULL"
    if node.subtype == "C":
        constraint = definition(node)
        name, condition = constraint.conname or name, text_of(constraint.raw_expr)
    add = f"ALTER DOMAIN {fixes.name(domain)} ADD CONSTRAINT {fixes.name(name)}"
    return (
        f"{fixes.execute(f'{add} CHECK ({condition}) NOT VALID')}\n"
        "# and leave it so; for the old rows a CHECK on each table, NOT VALID, then VALIDATE"
    )


@check_validates.also(
    why="Postgres reads all rows of {tables} under SHARE: writes wait.", cure=_for_new_values
)
def of_a_domain(situation: Situation) -> Iterator[Facts]:
    """Find constraints of domains that read all tables with a column of the domain."""
    if situation.kind == "alter_domain_stmt" and is_domain_checked(situation.node):
        touched = sorted(item.table for item in situation.effects)
        tables = [table for table in touched if situation.is_in_use(table)]
        if tables:
            yield Facts(tables=tables)
