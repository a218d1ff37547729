"""Keeps a service from working on a database schema that its code can't work on."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from plain_commands.errors import ConfigurationError, UnavailableError
from safe_migrations.foreign import find
from safe_migrations.mismatch import mismatch
from safe_migrations.project import Project
from safe_migrations.standing import Standing
from safe_migrations.status import Work, status
from serverless_postgres.replica import NO_REPLICA

logger = logging.getLogger(__name__)


class SchemaGuard:
    """Compares the revisions once per process, before the first work that needs the database.

    Until this code can work on the schema, `check` asks again each time, so that an upgrade takes
    effect at once. After a statement that does not fit the schema, `explain` asks again: it may
    have been changed under a process that runs.
    """

    def __init__(
        self,
        project: Project,
        open_work: Callable[[], AbstractContextManager[Work]],
        seen: Callable[[Standing], None] | None = None,
    ) -> None:
        """Take what opens work on the database; `seen` is told of what each look has found."""
        self._project = project
        self._open_work = open_work
        self._seen = seen
        self.is_known = False
        """Whether this code can work on the schema, as far as anybody has noticed."""
        self._told: str | None = None

    def check(self) -> None:
        """Raise UnavailableError, which names both revisions, before work that can't be done."""
        if not self.is_known:
            with self._open_work() as work:
                self.look(work)

    def look(self, work: Work) -> Standing:
        """Compare the revisions; raises UnavailableError when this code can't work on those."""
        found = status(work, self._project)
        if self._seen is not None:
            self._seen(found)
        self.is_known = found.can_be_served
        if not found.can_be_served:
            raise UnavailableError(str(found))
        said = str(found)
        if not found.is_at_head and self._told != said:
            logger.warning("%s", said)
        self._told = said
        return found

    def explain(self) -> None:
        """Find out whether Postgres did not understand a statement because of the schema.

        Raises UnavailableError when this code can't work on its revision, and ConfigurationError
        for tables that are not as the models have them; returns when the schema is not to blame.
        """
        self.is_known = False
        with self._open_work() as work:
            found = self.look(work)
            differences = mismatch(work, self._project.tables)
            foreign = find(work.execute, found.stored, self._project) if differences else None
        if foreign:
            raise ConfigurationError(str(foreign))
        if differences:
            mend = (
                "deploy the code of that revision"
                if found.is_ahead
                else "`flask db migrate` writes the revision, `flask db upgrade` applies it"
            )
            message = f"{differences}: {mend}."
            raise ConfigurationError(message)

    def check_replica(self, work: Work) -> None:
        """Raise UnavailableError for a replica that this code can't work on, or that is none."""
        if not work.execute("SELECT pg_is_in_recovery()")[0][0]:
            raise UnavailableError(NO_REPLICA)
        found = status(work, self._project)
        if not found.can_be_served:
            raise UnavailableError(str(found))
