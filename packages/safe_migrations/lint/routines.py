"""Functions and procedures that come back in the same revision."""

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import kind_of, qualified, strings

ROUTINES = {
    pg.OBJECT_AGGREGATE,
    pg.OBJECT_FUNCTION,
    pg.OBJECT_PROCEDURE,
    pg.OBJECT_ROUTINE,
}


def made_later(situation: Situation) -> set[str]:
    """Name the functions that the revision makes after a statement."""
    return {
        qualified(strings(item.tree.create_function_stmt.funcname))
        for item in situation.later
        if item.tree is not None and kind_of(item.tree) == "create_function_stmt"
    }
