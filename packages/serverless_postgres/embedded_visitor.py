"""Uses an embedded server for a while, so that those who only have its URL find it there.

`stay_up` of `serverless_postgres.embedded` starts it as a program of its own. A client that
connects by the URL alone holds no lock, and the server would stop under it.
"""

import os
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg2

from serverless_postgres.embedded import EmbeddedPostgres, url_of

NAME = "embedded-visitor"
LINGER_S = 60
_LOOK_EVERY_S = 1.0
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND application_name <> %s"
)


def linger(data_dir: Path) -> None:
    """Use the server until nobody has been connected for LINGER_S, or it ends."""
    # Not the database itself, which may be copied or dropped meanwhile.
    url = url_of(data_dir)
    with (
        suppress(psycopg2.Error),
        closing(psycopg2.connect(url, application_name=NAME, connect_timeout=10)) as connection,
    ):
        connection.autocommit = True
        last = time.monotonic()
        while time.monotonic() - last < LINGER_S:
            with connection.cursor() as cursor:
                cursor.execute(_OTHERS, (NAME,))
                rows = cursor.fetchall()
            if rows[0][0]:
                last = time.monotonic()
            time.sleep(_LOOK_EVERY_S)


def main() -> None:
    """Go into the background once the server is in use."""
    data_dir = Path(sys.argv[1])
    reading, writing = os.pipe()
    if os.fork() != 0:
        os.close(writing)
        os.read(reading, 1)
        # Without what Python does at its end: that is the child's.
        os._exit(0)
    server = EmbeddedPostgres(data_dir)
    server.start()
    os.close(writing)
    linger(data_dir)


if __name__ == "__main__":
    main()
