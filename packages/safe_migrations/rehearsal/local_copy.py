"""A copy of a database beside it on the same server, marked as throw-away by its name."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege, ObjectInUse
from sqlalchemy import URL

from plain_commands.errors import ConfigurationError, UnavailableError
from safe_migrations.rehearsal.interruption import Tell, interruptible, notice
from safe_migrations.rehearsal.throwaway import Copy, new_name
from serverless_postgres.embedded import binaries
from serverless_postgres.losses import describe

PREFIX = "rehearsal"
KEPT_PREFIX = "kept_rehearsal"
_OURS = re.compile(rf"{PREFIX}_\d{{14}}_([0-9a-f]{{8}})")
# The first half of the advisory lock that says that a copy's rehearsal is alive.
_LOCK_CLASS = 0x7265_6865
_CONNECT_S = 10


@contextmanager
def local_copy(source: URL, *, keep: bool, tell: Tell) -> Iterator[Copy]:
    """Copy a database; drop the copy at the end, and first what killed rehearsals left behind.

    It is a copy of the files (`CREATE DATABASE ... TEMPLATE`) when nobody is connected, else of a
    dump, so that it works beside a running service. Raises ConfigurationError when neither can be.
    """
    name = new_name(KEPT_PREFIX if keep else PREFIX)
    drop = f"DROP DATABASE {name}"
    is_made = False
    with _owner(source) as owner:
        _claim(owner, name)
        _drop_leftovers(owner)
        try:
            size = _value(owner, "SELECT pg_size_pretty(pg_database_size(current_database()))")
            with notice(tell, f"Copying {source.database} ({size}) ..."):
                interruptible(
                    lambda: _copy(owner, source, name), lambda: _stop(owner, source, name)
                )
            is_made = True
            yield Copy(source.set(database=name), f"copy {name}", f"run `{drop}`")
        finally:
            if not (keep and is_made):
                try:
                    _drop(source, name)
                except psycopg2.Error as error:
                    tell(
                        f"The copy {name} could not be dropped: {describe(error)} "
                        f"The next rehearsal does it, or `{drop}`."
                    )


@contextmanager
def _owner(source: URL) -> Iterator[Any]:
    """Connect to the source; as long as this connection lives, so does the rehearsal."""
    try:
        connection = _connect(source)
    except psycopg2.OperationalError as error:
        raise ConfigurationError(describe(error)) from error
    with closing(connection):
        yield connection


def _connect(url: URL) -> Any:
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(
        text, application_name="flask db rehearse", connect_timeout=_CONNECT_S
    )
    connection.autocommit = True
    return connection


def _value(connection: Any, query: str, *parameters: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def _claim(owner: Any, name: str) -> None:
    """Hold an advisory lock made of the name's random part, which all databases can see."""
    _value(owner, "SELECT pg_advisory_lock(%s, %s)", _LOCK_CLASS, _lock_key(name[-8:]))


def _lock_key(random_part: str) -> int:
    """Make an int4 of eight hexadecimal digits."""
    return int.from_bytes(bytes.fromhex(random_part), signed=True)


def _drop_leftovers(owner: Any) -> None:
    """Drop the copies whose rehearsal holds no lock any more."""
    with owner.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{PREFIX}%",))
        names = [row[0] for row in cursor]
        # pg_locks shows keys as the unsigned type oid.
        cursor.execute(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint=%s",
            (_LOCK_CLASS,),
        )
        alive = {row[0] for row in cursor}
        for name in names:
            ours = _OURS.fullmatch(name)
            if ours and int(ours[1], 16) not in alive:
                # It may be another role's, or another rehearsal may be dropping it, too.
                with suppress(psycopg2.Error):
                    cursor.execute(_drop_statement(name))


def _drop(source: URL, name: str) -> None:
    with closing(_connect(source)) as connection, connection.cursor() as cursor:
        cursor.execute(_drop_statement(name))


def _drop_statement(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def _copy(owner: Any, source: URL, name: str) -> None:
    others = _others(owner)
    try:
        if not others:
            # Postgres itself waits five seconds for others to go.
            with suppress(ObjectInUse), owner.cursor() as cursor:
                cursor.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                        sql.Identifier(name), sql.Identifier(source.database or "")
                    )
                )
                return
        _copy_by_dump(owner, source, name, others or _others(owner))
    except InsufficientPrivilege as error:
        message = (
            f"{describe(error)} Let a superuser run `ALTER ROLE {source.username} CREATEDB`, or use"
            " a database of this role's own."
        )
        raise ConfigurationError(message) from error


def _stop(owner: Any, source: URL, name: str) -> None:
    """End the making of a copy: the statement, or psql's connection and by that pg_dump."""
    owner.cancel()
    with closing(_connect(source)) as connection:
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
        _value(connection, query, name)


def _others(owner: Any) -> str:
    """Name who else is connected to the source; empty if nobody is."""
    return str(
        _value(
            owner,
            """
            SELECT coalesce(string_agg(DISTINCT coalesce(nullif(application_name, ''), usename)
                                       || ' (pid ' || pid || ')', ', '), '')
            FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
              AND backend_type = 'client backend'
            """,
        )
    )


def _copy_by_dump(owner: Any, source: URL, name: str, others: str) -> None:
    programs = _programs(owner.server_version // 10000, others)
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database"
            " WHERE datname = current_database()"
        )
        cursor.execute(
            sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}"
            ).format(sql.Identifier(name), *map(sql.Literal, cursor.fetchone()))
        )
    dump = [str(programs / "pg_dump"), "--dbname", _without_password(source)]
    restore = [str(programs / "psql"), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]
    restore += ["--single-transaction", "--dbname", _without_password(source.set(database=name))]
    # Not among the arguments, which everybody on the machine can read.
    # nosemgrep: environment-outside-settings  what Postgres' programs read
    environment = os.environ | ({"PGPASSWORD": str(source.password)} if source.password else {})
    with (
        subprocess.Popen(  # noqa: S603  Postgres' own programs
            dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        ) as dumping,
        subprocess.Popen(  # noqa: S603  Postgres' own programs
            restore,
            stdin=dumping.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        ) as restoring,
    ):
        if dumping.stdout:
            dumping.stdout.close()  # So that pg_dump notices when psql ends.
        said = [process.communicate()[1] for process in (restoring, dumping)]
    if restoring.returncode or dumping.returncode:
        reason = b" ".join(said).decode(errors="replace").strip().splitlines()[:1]
        message = f"The copy by pg_dump fails: {' '.join(reason)}"
        raise UnavailableError(message)


def _without_password(url: URL) -> str:
    # URL.set takes None for "as it was".
    plain = url._replace(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False)


def _programs(server_major: int, others: str) -> Path:
    """Find pg_dump and psql of the server's version or a later one, which read older ones."""
    folders = []
    with suppress(ConfigurationError):
        folders.append(binaries())
    if found := shutil.which("pg_dump"):
        folders.append(Path(found).parent)
    for folder in folders:
        version = subprocess.run(  # noqa: S603  Postgres' own program
            [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
        ).stdout
        number = re.search(r"\d+", version)
        if number and int(number[0]) >= server_major and (folder / "psql").exists():
            return folder
    message = (
        f"The database is in use by {others}, so it can't be copied as files: stop them, or "
        f"install pg_dump and psql {server_major} for a copy by dump."
    )
    raise ConfigurationError(message)
