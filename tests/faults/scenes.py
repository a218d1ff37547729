"""Three scenes that stand for themselves: lost replies, one key at once, a slow awakening."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

from .http_client import Answer, HttpClient, NoAnswerError
from .ledger import Ledger
from .operations import Planner, said
from .postgres import Postgres
from .proxy import Proxy

SLOWEST_S = 5.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a scene showed; `failures` are sentences, none if all went as it must."""

    name: str
    operations: int
    failures: list[str]
    slowest_s: float


def lost_replies(port: int, proxy: Proxy, postgres: Postgres, *, posts: int = 1000) -> Scene:
    """Send keyed POSTs while every tenth reply to a COMMIT is eaten: one row each, all answered."""
    mark = f"lost-replies-{uuid4().hex}"
    clients = 8
    user_id = _make_user(port)
    answers: list[Answer | str] = []
    seconds: list[float] = []

    def post(_number: int) -> None:
        with closing(HttpClient(port)) as http:
            for _ in range(posts // clients):
                body = {"user_id": user_id, "user_input": "wish", "session_id": mark}
                _timed(
                    seconds,
                    answers,
                    lambda: _post(http, body, uuid4().hex),  # noqa: B023  called at once
                )

    eaten = proxy.counts().eaten
    proxy.eat(every=10)
    _at_once(post, clients)
    proxy.eat(every=0)
    eaten = proxy.counts().eaten - eaten
    failures = _unlike(answers, 201)
    if eaten < posts // 10:
        failures.append(f"only {eaten} replies were eaten")
    rows = _count_rows(postgres, mark)
    if rows != posts:
        failures.append(f"{rows} rows of {posts} requests")
    return Scene(f"{posts} keyed POSTs, {eaten} replies eaten", posts, failures, max(seconds))


def one_key(port: int, postgres: Postgres, *, clients: int = 50) -> Scene:
    """Send the same keyed POST from many clients at once: one row, identical answers."""
    mark = f"one-key-{uuid4().hex}"
    key = uuid4().hex
    body = {"user_id": _make_user(port), "user_input": "wish", "session_id": mark}
    answers: list[Answer | str] = []
    seconds: list[float] = []

    def post(_number: int) -> None:
        with closing(HttpClient(port)) as http:
            while True:
                told: list[Answer | str] = []
                _timed(seconds, told, lambda: _post(http, body, key))
                first = told[0]
                # Few may wait at a time for the first request with their key.
                if isinstance(first, str) or first.status != HTTPStatus.CONFLICT:
                    break
                time.sleep(int(first.headers["retry-after"]))
            answers.extend(told)

    _at_once(post, clients)
    failures = _unlike(answers, 201)
    bodies = {answer.body for answer in answers if isinstance(answer, Answer)}
    if len(bodies) != 1:
        failures.append(f"{len(bodies)} different answers")
    if len(answers) != clients:
        failures.append(f"{len(answers)} answers")
    rows = _count_rows(postgres, mark)
    if rows != 1:
        failures.append(f"{rows} rows")
    return Scene(f"{clients} POSTs with one key at once", clients, failures, max(seconds))


def awakening(port: int, proxy: Proxy, *, clients: int = 50) -> Scene:
    """Come with many clients to a database that sleeps and takes 3 s to wake: nobody fails."""
    planners = [
        Planner(HttpClient(port), random.Random(number), Ledger())  # noqa: S311  repeatable, not secret
        for number in range(clients)
    ]
    _at_once(lambda number: planners[number].begin(), clients)
    proxy.suspend(refused_s=0.2, wake_s=3.0)

    def act(number: int) -> None:
        planner = planners[number]
        planner.note(planner.create_workflow if number % 3 == 0 else planner.get_workflow)

    _at_once(act, clients)
    operations = [planner.ledger.operations[-1] for planner in planners]
    failures = [operation.failure for operation in operations if operation.failure]
    slowest = max(operation.seconds for operation in operations)
    if slowest > SLOWEST_S:
        failures.append(f"the slowest took {slowest:.1f} s")
    return Scene(f"{clients} clients, 3 s to wake", clients, failures, slowest)


def _make_user(port: int) -> str:
    with closing(HttpClient(port)) as http:
        body = {"id": str(uuid4()), "username": f"scene-{uuid4().hex}"}
        user_id: str = http.send("POST", "/v1/users", body).json()["id"]
        return user_id


def _post(http: HttpClient, body: dict[str, str], key: str) -> Answer:
    return http.send("POST", "/v1/workflows", body, {"Idempotency-Key": key})


def _timed(seconds: list[float], answers: list[Answer | str], send: Callable[[], Answer]) -> None:
    began = time.monotonic()
    try:
        answers.append(send())
    except NoAnswerError as error:
        answers.append(str(error))
    seconds.append(time.monotonic() - began)


def _at_once(act: Callable[[int], None], clients: int) -> None:
    """Let so many threads begin together and wait for all."""
    start = threading.Barrier(clients)

    def take_part(number: int) -> None:
        start.wait()
        act(number)

    threads = [threading.Thread(target=take_part, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _unlike(answers: list[Answer | str], status: int) -> list[str]:
    return [
        answer if isinstance(answer, str) else said(answer)
        for answer in answers
        if isinstance(answer, str) or answer.status != status
    ]


def _count_rows(postgres: Postgres, mark: str) -> int:
    with closing(postgres.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM workflows WHERE session_id = %s", [mark])
        return int(cursor.fetchone()[0])
