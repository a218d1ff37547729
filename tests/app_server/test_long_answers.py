"""Lists as files from the production server: what happens to one that can't be finished."""

import json
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from uuid import uuid4

import pytest

from tests.app_server.conftest import TIME_LIMIT_S

ROWS = 20_000


@pytest.fixture(scope="module")
def serving(start, worker_url, execute):
    """Serve the workflows of a person; returns the server and the person's id."""
    server = start(RETRY_BUDGET_S="0")
    server.await_ready()
    user = json.loads(server.ask("/v1/users", "POST", f'{{"username": "{uuid4().hex}"}}').body)
    execute(
        worker_url,
        f"""INSERT INTO workflows (id, user_id, name, user_input, status, started_at, created_at)
        SELECT gen_random_uuid(), '{user["id"]}', 'n', 'wish ' || n, 'running', now(),
            now() - n * interval '1 second'
        FROM generate_series(1, {ROWS}) AS n""",
    )
    return server, user["id"]


def test_a_file_ends_with_its_connection_when_the_database_refuses_the_rest(
    serving, worker_url, execute
):
    server, user_id = serving
    path = f"/v1/workflows.csv?user_id={user_id}"
    assert server.ask(path).body.count(b"\r\n") == ROWS + 1
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=TIME_LIMIT_S)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        first = answer.read(1000)
        execute(worker_url, "ALTER TABLE workflows RENAME TO others")
        try:
            with pytest.raises(IncompleteRead) as cut:
                answer.read()
        finally:
            execute(worker_url, "ALTER TABLE others RENAME TO workflows")
    assert (first + cut.value.partial).count(b"\r\n") < ROWS
    assert "An answer was cut, as it could not be finished" in server.said
    assert server.ask(f"/v1/workflows.jsonl?user_id={user_id}").body.count(b"\n") == ROWS
