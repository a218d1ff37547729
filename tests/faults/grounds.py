"""What stands between the load and the data: proxy, pooler and Postgres, and a service on them."""

import random
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from safe_migrations.runner import upgrade
from service.schema import project
from tests.pooler import Pooler
from tests.ports import HOST

from .postgres import DATABASE, USER, Postgres
from .proxy import Proxy
from .schedule import World
from .server import Server

LOGS = Path(__file__).resolve().parents[2] / "instance" / "faults"


@dataclass(frozen=True, slots=True)
class Grounds:
    """A migrated database that can be reached through all that can fail."""

    postgres: Postgres
    pooler: Pooler
    proxy: Proxy
    chance: random.Random

    @contextmanager
    def serving(
        self, application: str | None, log: str, more: Mapping[str, str] | None = None
    ) -> Iterator[World]:
        """Serve an application, or the service itself, with `more` in its environment."""
        postgres, proxy = self.postgres, self.proxy
        url = f"postgresql://{USER}:{postgres.password}@{HOST}:{proxy.port}/{DATABASE}"
        with Server(application, url, LOGS / log, more) as server:
            yield World(postgres, self.pooler, proxy, server, self.chance)
        self.clear()

    def clear(self) -> None:
        """Empty the tables."""
        with closing(self.postgres.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("TRUNCATE users, workflows, idempotency_keys CASCADE")


@contextmanager
def laid_out(seed: int) -> Iterator[Grounds]:
    """Lay the grounds until the end of the block."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (
        Postgres(LOGS) as postgres,
        Pooler(postgres.url, LOGS / "pooler.log") as pooler,
        Proxy(pooler.port) as proxy,
    ):
        upgrade(project(), postgres.url)
        yield Grounds(postgres, pooler, proxy, random.Random(seed))  # noqa: S311  repeatable, not secret
