"""Whether a database is what a stamp says of it: compared before anything is written."""

import re
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType

from sqlalchemy import Engine

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations import foreign
from safe_migrations.errors import DriftError
from safe_migrations.execution.admission import stored_revisions
from safe_migrations.execution.deploy_lock import DeployLock
from safe_migrations.project import Project, project_of
from safe_migrations.revisions import heads

FORCE = "force"
"""The attribute of Alembic's config, and the name in `-x force=true`: nothing is compared."""

NOT_COMPARED = (
    "-- A script can't compare: whether the tables are those of the revision is for you to check."
)

_SHOWN = 5
_NOTHING = "it has none of the tables"
_MEND = "Correct that, or name the revision that it is at"
_ALL_THE_SAME = (
    "`flask db stamp --force` (or `alembic -x force=true stamp`) sets it all the same, uncompared."
)


def check_stamp(
    context: ModuleType, engine: Engine, lock: DeployLock, say: Callable[[str], None]
) -> None:
    """Compare a database with the revisions that it is to be stamped with.

    The newest of this project are compared with the models; what differs from these, and all
    others, with the schema that the revisions make in a scratch database. Raises DriftError for
    what differs, ConfigurationError for tables of others and for what can't be compared.
    """
    if _is_forced(context):
        return
    project = project_of(context.config)
    options = context._proxy.context_opts  # noqa: SLF001  nothing public has it
    stored, _ = stored_revisions(lock, project)
    found = foreign.find(lock.fetch, stored, project)
    is_of_others = found is not None and not found.looks_ours
    if is_of_others and options["destination_rev"] != ("base",):
        message = f"{found} Nothing is stamped: these tables are not those of the revisions."
        raise ConfigurationError(message)
    stamped = _stamped(context, () if options.get("purge") else stored or ())
    if not stamped:
        _check_that_none_are_left(lock, project)
        return
    is_newest = not project.is_elsewhere and stamped == heads(project.versions)
    is_newest = is_newest and project.metadata is not None
    differences = _unlike_models(project, engine, say) if is_newest else None
    if differences == []:
        return
    try:
        differences = _unlike_revisions(context, project, engine, stamped)
    except PlainError as trouble:
        if differences is None:
            message = (
                f"Whether the database is at {_names(stamped)} can't be seen, so nothing is "
                f"stamped. {trouble} {_ALL_THE_SAME}"
            )
            raise ConfigurationError(message) from trouble
    if differences:
        raise DriftError(_said(stamped, differences))


def _is_forced(context: ModuleType) -> bool:
    given = context.get_x_argument(as_dictionary=True).get(FORCE)
    return bool(context.config.attributes.get(FORCE)) or given == "true"


def _stamped(context: ModuleType, stored: Sequence[str]) -> tuple[str, ...]:
    """Tell where the database would be."""
    now = set(stored)
    target = context._proxy.context_opts["destination_rev"]  # noqa: SLF001  nothing public has it
    for step in context.script._stamp_revs(target, tuple(stored)):  # noqa: SLF001  as `stamp` does
        now = now - set(step.from_revisions) | set(step.to_revisions)
    return tuple(sorted(now))


def _check_that_none_are_left(lock: DeployLock, project: Project) -> None:
    found = foreign.find(lock.fetch, None, project)
    if found is not None and found.looks_ours:
        message = (
            "The tables of the revisions are there, and the next `flask db upgrade` would find "
            f"them in its way: nothing is stamped. {_ALL_THE_SAME}"
        )
        raise ConfigurationError(message)


def _unlike_models(project: Project, engine: Engine, say: Callable[[str], None]) -> list[str]:
    from safe_migrations.autogenerate import gaps  # noqa: PLC0415  no other stamp waits for them
    from safe_migrations.autogenerate.drift import compare  # noqa: PLC0415

    with engine.connect() as connection:
        compared = compare(
            connection, project.tables, project.settings.schema_other_tables, project.options
        )
    for sentence in gaps.said(compared.incomplete):
        say(sentence)
    return [item.detail.rstrip(".") for item in compared.differences]


def _unlike_revisions(
    context: ModuleType, project: Project, engine: Engine, stamped: Iterable[str]
) -> list[str]:
    """Run the revisions in a scratch database, and compare what they make."""
    from safe_migrations.scratch import catalog, scratch, upgrade  # noqa: PLC0415  seldom needed

    proxy = context._proxy  # noqa: SLF001  nothing public has it
    why = "What the revisions make is seen in a scratch database"
    try:
        with scratch(engine.url, why) as made:
            for revision in stamped:
                upgrade(project, made, revision)
            return _differences(catalog(engine.url), catalog(made))
    finally:
        # Alembic's commands leave nothing of the one in which they were run.
        proxy._install_proxy()  # noqa: SLF001


def _differences(there: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Name what differs in the tables that are wanted; what else there is does not matter."""
    tables = {name.split()[1] for name in wanted if name.startswith("table ")}
    lacking = {name for name in tables if f"table {name}" not in there}
    if tables and lacking == tables:
        return [_NOTHING]
    found = [f"the database lacks the table {name}" for name in sorted(lacking)]
    for name in sorted(wanted.keys() | there.keys()):
        table = _table_of(name, wanted.get(name, there.get(name, "")))
        if there.get(name) == wanted.get(name) or table in lacking:
            continue
        if name not in there:
            found.append(f"the database lacks the {name}")
        elif name in wanted:
            found.append(f"the {name} is another")
        elif table in tables:
            found.append(f"the {name} is not of the revisions")
    return found


def _table_of(name: str, definition: str) -> str:
    on = re.search(r" ON (?:\w+\.)?(\w+) ", definition) if name.startswith("index ") else None
    return on[1] if on else name.split(maxsplit=1)[1].partition(".")[0]


def _said(stamped: Sequence[str], differences: Sequence[str]) -> str:
    shown = "; ".join(differences[:_SHOWN])
    more = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
    way_out = "`flask db upgrade` makes them" if differences == [_NOTHING] else _MEND
    return (
        f"The database is not as at {_names(stamped)}, so nothing is stamped: {shown}{more}. "
        f"{way_out}. {_ALL_THE_SAME}"
    )


def _names(stamped: Sequence[str]) -> str:
    return " and ".join(stamped)
