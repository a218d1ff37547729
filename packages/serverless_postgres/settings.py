"""What can be set of the database and of Neon."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from plain_commands.settings.declared import Processes, setting
from serverless_postgres.mark import Mark


@dataclass(frozen=True, kw_only=True)
class PostgresSettings(Processes):
    """Where Postgres is, and how long one waits for it.

    A program that is to be told apart from others says in a subclass what `application` it is.
    """

    application: ClassVar[str] = "app"
    """The name that Postgres shows (application_name), of letters, digits, `-` and `_`."""

    database_url_name: ClassVar[str] = "DATABASE_URL"
    """What messages call `database_url`."""

    database_url: str | None = setting(
        None,
        "The application's Postgres; on Neon the pooled one. Not set: the embedded server, for "
        "development commands only.",
        secret=True,
    )
    database_read_url: str | None = setting(
        None,
        "Postgres that replicates DATABASE_URL, for GETs. Not set: they read from DATABASE_URL.",
        secret=True,
    )
    direct_database_url: str | None = setting(
        None,
        "Postgres for schema changes, past the pooler. Not set: DATABASE_URL.",
        secret=True,
    )
    neon_api_key: str | None = setting(
        None, "Key of Neon's API, for `flask neon` and rehearsals on a branch.", secret=True
    )
    neon_project_id: str | None = setting(None, "The project on Neon.")
    neon_branch_id: str | None = setting(
        None,
        "The branch that is meant where none is named, and that rehearsals copy. Not set: the "
        "project's default branch.",
    )
    neon_api_url: str = setting("https://console.neon.tech/api/v2", "Where Neon's API is.")
    instance_dir: Path = setting(  # noqa: RUF009  no different from dataclasses.field
        Path("instance"), "Folder of the embedded server's data (relative to the project)."
    )
    pool_size: int = setting(5, "Connections kept open, per process.", least=1)
    pool_max_overflow: int = setting(10, "Connections opened beyond that under load.", least=0)
    instances: int = setting(
        1,
        "How many servers share the database; a warning tells when it has too few connections.",
        least=1,
    )
    pool_timeout_s: int = setting(10, "Wait for a free connection before a 503.", least=1)
    pool_recycle_s: int = setting(240, "Age at which an idle connection is replaced.", least=1)
    pool_ping_idle_s: int = setting(
        15, "A connection idle for longer is pinged before it is used.", least=0
    )
    connect_timeout_s: int = setting(15, "Longest wait for one connection attempt.", least=2)
    connect_first_timeout_s: int = setting(
        2, "Wait for each of the first two attempts; each later one gets twice as long.", least=2
    )
    keepalives_idle_s: int = setting(
        1, "Silence after which TCP asks whether the server is there.", least=1, most=32767
    )
    keepalives_interval_s: int = setting(1, "Time between two such questions.", least=1, most=32767)
    keepalives_count: int = setting(
        3, "Unanswered ones until the connection is lost.", least=1, most=127
    )
    tcp_user_timeout_ms: int = setting(
        3000, "Time until the connection is lost when what was sent is not acknowledged.", least=0
    )
    retry_budget_s: int = setting(
        20,
        "For how long a request tries again when connections are lost, before a 503; a database "
        "that is away for longer is told of at once.",
        least=0,
    )
    statement_timeout_s: int = setting(
        15, "Longest wait for the answer to a statement of a request.", least=1
    )
    read_timeout_s: int = setting(
        3, "Longest wait for the replica's answer before the primary is asked.", least=1
    )

    @property
    def mark(self) -> Mark:
        """How Postgres knows what this program writes."""
        return Mark(self.application)

    @property
    def embedded_database(self) -> str:
        """The database's name on the embedded server."""
        return self.application.replace("-", "_")
