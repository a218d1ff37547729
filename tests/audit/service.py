"""The service that is attacked: under its production server, on a Postgres of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from safe_migrations.runner import upgrade
from serverless_postgres.embedded import EmbeddedPostgres
from service.schema import project

from ..faults.server import Server  # noqa: TID252  tests are no package


@dataclass(frozen=True, slots=True)
class Audited:
    """Where the service is, what is below it, and what its server wrote."""

    url: str
    database_url: str
    log: Path


@contextmanager
def audited(**more: str) -> Iterator[Audited]:
    """Serve on this machine until the end of the block; `more` is environment."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as database_url:
            upgrade(project(), database_url)
            with Server("wsgi:app", database_url, log, more) as server:
                yield Audited(f"http://127.0.0.1:{server.port}", database_url, log)
