"""The memory of a worker process under the worst requests, at all of its threads at once."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.app_server.conftest import await_that

THREADS = 8

PER_THREAD = 64
"""Megabytes that one request may take: docs/DEPLOYMENT.md has the sum."""


class Worker:
    """The one worker process of a server."""

    def __init__(self, server) -> None:
        (number,) = server.workers()
        self._folder = Path(f"/proc/{number}")
        self.at_rest = self._read("VmRSS")

    def _read(self, name: str) -> int:
        lines = (self._folder / "status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))

    def grown(self) -> int:
        """By how many megabytes it has grown since it started."""
        return self._read("VmRSS") - self.at_rest

    def peak(self) -> int:
        """By how many it had grown at most."""
        return self._read("VmHWM") - self.at_rest


@pytest.fixture(scope="module")
def serving(start):
    server = start(THREADS=str(THREADS))
    server.await_ready()
    user_id = json.loads(server.ask("/v1/users", "POST", f'{{"username": "{uuid4().hex}"}}').body)[
        "id"
    ]
    return server, user_id


def _workflow(user_id: str, text: str) -> bytes:
    """Make the body of a workflow of almost 4 MiB: a client's largest."""
    workflow = {"user_id": user_id, "user_input": "x", "metadata": {"a": text}}
    return json.dumps(workflow, ensure_ascii=False).encode()


def _generation(text: str) -> bytes:
    generation = {"model_provider": "p", "model_name": "m", "user_prompt": "x", "output": text}
    return json.dumps(generation, ensure_ascii=False).encode()


def test_the_worst_requests_at_all_threads_take_what_the_guide_says(serving, later):
    server, user_id = serving
    # One character outside of the BMP makes a str of it four times as large.
    text = "a" * (3_900_000 - 4) + "😀"
    stored = json.loads(server.ask("/v1/workflows", "POST", _workflow(user_id, text)).body)["id"]
    path = f"/v1/workflows/{stored}"
    going_on = json.loads(server.ask("/v1/workflows", "POST", _workflow(user_id, "x")).body)["id"]
    whole = json.dumps({"final_itinerary": [text]}, ensure_ascii=False).encode()
    assert server.ask(f"{path}/complete", "POST", whole).status == 200
    many = json.dumps(
        {"user_id": user_id, "user_input": "x", "metadata": {"a": ["a" * 12] * 199_000}}
    )
    unknown = json.dumps({f"a{number}": 1 for number in range(199_000)})
    page = "/v1/workflows?limit=200&include=metadata,final_itinerary"
    worker = Worker(server)
    worst = [
        (page,),
        (path,),
        (path, "HEAD"),
        (path, "PATCH", '{"name": "b"}'),
        ("/v1/workflows", "POST", _workflow(user_id, text)),
        (f"/v1/workflows/{going_on}/generations", "POST", _generation(text)),
        ("/v1/workflows", "POST", many),
        ("/v1/users", "POST", unknown),
    ]

    def attack(request: tuple[Any, ...], expected: set[int]) -> None:
        answers = [later(server.ask, *request) for _ in range(THREADS)]
        assert {answer.result().status for answer in answers} <= expected
        assert worker.peak() < THREADS * PER_THREAD, request

    for request in worst:
        attack(request, {200, 201, 422})
    # Nothing of it stays, but for what the connections to the database keep.
    await_that(lambda: worker.grown() < THREADS * PER_THREAD / 2)
