"""What can be set of schema changes."""

from dataclasses import dataclass

from plain_commands.settings.declared import setting
from serverless_postgres.settings import PostgresSettings


@dataclass(frozen=True, kw_only=True)
class SchemaSettings(PostgresSettings):
    """How schema changes wait for others, and which tables they leave alone."""

    schema_lock_timeout_ms: int = setting(
        2000, "A schema change gives up a lock that it does not get in this time.", least=1
    )
    schema_retry_s: int = setting(
        120,
        "For how long a schema change is tried again after that, or after a lost connection.",
        least=0,
    )
    schema_deploy_wait_s: int = setting(600, "Wait for another deploy to finish.", least=0)
    schema_statement_timeout_s: int = setting(
        0, "Longest statement of a schema change; 0 for no limit.", least=0
    )
    schema_connect_wait_s: int = setting(
        10, "Wait for a server that is just starting, before a schema change.", least=0
    )
    schema_other_tables: tuple[str, ...] = setting(
        (),
        "Tables of other applications, as names or patterns (legacy_*): nobody compares them with "
        "the models, or drops them.",
    )
