"""Which expressions give another value for each row."""

from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog
from safe_migrations.lint.names import find, qualified, strings

# Postgres's own and those of pgcrypto and uuid-ossp (`provolatile` in pg_proc). Others that are not
# the users' are taken for stable: most of Postgres's own functions are.
_VOLATILE = {
    "clock_timestamp",
    "currval",
    "gen_random_bytes",
    "gen_random_uuid",
    "gen_salt",
    "lastval",
    "nextval",
    "pg_sleep",
    "random",
    "random_normal",
    "setval",
    "timeofday",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
}


def is_volatile(expression: Any, catalog: Catalog) -> bool:
    """Tell whether an expression calls a volatile function; `now()` is not one."""
    for call in find(expression, pg.FuncCall):
        name = qualified(strings(call.funcname))
        schema, _, bare = name.rpartition(".")
        # What is in a schema of its own is not Postgres's, and volatile unless it says otherwise.
        known = catalog.functions.get(name)
        if any(item.is_volatile for item in known) if known else schema or bare in _VOLATILE:
            return True
    return False
