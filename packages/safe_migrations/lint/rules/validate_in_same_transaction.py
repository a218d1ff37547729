"""Validations under a strong lock that the transaction took before."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.locks import Lock
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a VALIDATE in a transaction that has locked the table before",
    why="VALIDATE reads all rows of {table} while this transaction still holds {lock} from an "
    "earlier statement: it spares nothing.",
    cure=lambda _, found: fixes.then(
        "# all but the VALIDATE", fixes.validate(found.table, found.name)
    ),
)
def validate_in_same_transaction(situation: Situation) -> Iterator[Facts]:
    """Find validations on tables that are locked already."""
    for table, command in situation.commands(pg.AT_ValidateConstraint):
        held = [
            effect.lock
            for past in situation.earlier
            for effect in past.effects
            if effect.table == table
        ]
        held += [
            effect.lock
            for effect in situation.effects
            if effect.table == table and effect.lock > Lock.SHARE_UPDATE_EXCLUSIVE
        ]
        if held and max(held) >= Lock.SHARE:
            yield Facts(table=table, lock=max(held), name=command.name)
