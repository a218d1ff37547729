"""What a client of the laboratory does: a planner's day, every write with an id or a key."""

import random
import time
from collections.abc import Callable, Mapping
from uuid import uuid4

from .http_client import Answer, HttpClient, NoAnswerError
from .ledger import Ledger, Operation, Person, Run, Step

MOST_RUNS = 12
"""Runs that a client works on at a time; then the oldest is completed."""

MOST_STEPS = 12
PROMPT_TOKENS = 7
PROVIDER = "laboratory"


class UnexpectedAnswerError(Exception):
    """The service answered, but not with what was asked for."""


def expect(answer: Answer, *statuses: int) -> Answer:
    """Pass an answer on that has one of the statuses; raises UnexpectedAnswerError."""
    if answer.status not in statuses:
        raise UnexpectedAnswerError(said(answer))
    return answer


def said(answer: Answer) -> str:
    """Word an answer in one line."""
    try:
        detail = answer.json().get("detail")
    except (ValueError, AttributeError):
        detail = answer.body[:80].decode(errors="replace")
    return f"{answer.status}: {detail}"


class Planner:
    """One client with its user and its runs, and the books about them.

    Nobody else changes its rows, so each answer can be foretold.
    """

    def __init__(self, http: HttpClient, chance: random.Random, ledger: Ledger) -> None:
        self._http = http
        self._chance = chance
        self.ledger = ledger
        self._open: list[Run] = []
        self._is_version_known = True
        self._repeats = 0
        self._mixture: dict[Callable[[], None], int] = {
            self.get_workflow: 34,
            self.list_workflows: 12,
            self.get_timeline: 12,
            self.get_node: 12,
            self.create_workflow: 3,
            self.create_workflow_by_key: 3,
            self.create_node: 9,
            self.create_generation: 8,
            self.complete_node: 4,
            self.complete_workflow: 1,
            self.update_user: 2,
        }

    def begin(self) -> None:
        """Create the user and a first run; they must succeed."""
        name = f"planner-{uuid4().hex}"
        body = {"id": str(uuid4()), "username": name}
        created = expect(self._send("POST", "/v1/users", body), 200, 201).json()
        self.ledger.people.append(Person(created["id"], created["version"]))
        self.create_workflow()

    def act(self) -> None:
        """Do one operation and note how it went."""
        (action,) = self._chance.choices([*self._mixture], [*self._mixture.values()])
        self.note(action)

    def note(self, action: Callable[[], None]) -> None:
        """Do this operation and note how it went."""
        failure = None
        self._repeats = 0
        began = time.monotonic()
        try:
            action()
        except (UnexpectedAnswerError, NoAnswerError) as error:
            failure = str(error)
        ended = time.monotonic()
        name = action.__name__
        is_write = not name.startswith(("get_", "list_"))
        self.ledger.operations.append(
            Operation(name, is_write, began, ended, self._repeats, failure)
        )

    def _send(self, method: str, path: str, *rest: Mapping[str, object]) -> Answer:
        answer = self._http.send(method, path, *rest)  # type: ignore[arg-type]
        self._repeats += answer.repeats
        return answer

    @property
    def _person(self) -> Person:
        return self.ledger.people[-1]

    def _run(self) -> Run:
        return self._chance.choice(self._open)

    # Reads

    def get_workflow(self) -> None:
        """Read a run that is known to be there."""
        run = self._run()
        read = expect(self._send("GET", f"/v1/workflows/{run.id}"), 200).json()
        if read["user_input"] != run.token:
            message = "the run has another content"
            raise UnexpectedAnswerError(message)

    def list_workflows(self) -> None:
        """Read a page of the user's runs."""
        path = f"/v1/workflows?user_id={self._person.id}&limit=10"
        if not expect(self._send("GET", path), 200).json()["items"]:
            message = "the list lacks acknowledged runs"
            raise UnexpectedAnswerError(message)

    def get_timeline(self) -> None:
        """Read a run's timeline."""
        expect(self._send("GET", f"/v1/workflows/{self._run().id}/timeline?limit=10"), 200)

    def get_node(self) -> None:
        """Read a step that is known to be there."""
        run = self._run()
        if not run.steps:
            self.get_workflow()
            return
        node_id = self._chance.choice([*run.steps])
        read = expect(self._send("GET", f"/v1/nodes/{node_id}"), 200).json()
        if read["seq"] != run.steps[node_id].seq:
            message = "the step has another seq"
            raise UnexpectedAnswerError(message)

    # Writes

    def create_workflow(self) -> None:
        """Start a run with an id of the client's own."""
        self._create_run({"id": str(uuid4())}, {})

    def create_workflow_by_key(self) -> None:
        """Start a run whose repetition only the key makes safe."""
        self._create_run({}, {"Idempotency-Key": uuid4().hex})

    def _create_run(self, identity: Mapping[str, object], headers: Mapping[str, object]) -> None:
        token = uuid4().hex
        body = {**identity, "user_id": self._person.id, "user_input": token}
        created = expect(self._send("POST", "/v1/workflows", body, headers), 200, 201).json()
        if created["user_input"] != token:
            message = "another run was answered"
            raise UnexpectedAnswerError(message)
        run = Run(created["id"], token)
        self.ledger.runs.append(run)
        self._open.append(run)
        if len(self._open) > MOST_RUNS:
            self._open.pop(0)

    def create_node(self) -> None:
        """Record a step with an id of the client's own."""
        run = self._run()
        if len(run.steps) >= MOST_STEPS or run.is_completed:
            self.create_workflow()
            return
        token = uuid4().hex
        body = {"id": str(uuid4()), "node_name": "laboratory", "input": {"token": token}}
        made = self._change(run, f"/v1/workflows/{run.id}/nodes", body, {}).json()
        run.steps[made["id"]] = Step(token, made["seq"])

    def create_generation(self) -> None:
        """Record an LLM call whose repetition only the key makes safe."""
        run = self._run()
        token = uuid4().hex
        body = {
            "model_provider": PROVIDER,
            "model_name": "any",
            "user_prompt": token,
            "prompt_tokens": PROMPT_TOKENS,
        }
        headers = {"Idempotency-Key": uuid4().hex}
        made = self._change(run, f"/v1/workflows/{run.id}/generations", body, headers).json()
        run.calls[made["id"]] = token

    def complete_node(self) -> None:
        """Complete a step; doing so again changes nothing."""
        run = self._run()
        opened = [key for key, step in run.steps.items() if step.is_open]
        if not opened or run.is_completed:
            self.create_node()
            return
        node_id = self._chance.choice(opened)
        # Whatever the answer is, it may be completed now, and is not touched again.
        run.steps[node_id].is_open = False
        output = uuid4().hex
        self._change(run, f"/v1/nodes/{node_id}/complete", {"output": {"token": output}}, {})
        run.steps[node_id].output = output

    def complete_workflow(self) -> None:
        """Complete the oldest run that is open, if others are left."""
        if len(self._open) < MOST_RUNS // 2:
            self.create_workflow()
            return
        run = self._open.pop(0)
        if run.is_completed:
            self.create_workflow()
            return
        self._change(run, f"/v1/workflows/{run.id}/complete", {}, {})
        run.is_completed = True

    def _change(
        self, run: Run, path: str, body: Mapping[str, object], headers: Mapping[str, object]
    ) -> Answer:
        run.effects.unknown += 1
        answer = expect(self._send("POST", path, body, headers), 200, 201)
        run.effects.unknown -= 1
        run.effects.acknowledged += 1
        return answer

    def update_user(self) -> None:
        """Change the user's name, provided that nobody else has."""
        person = self._person
        if not self._is_version_known:
            read = expect(self._send("GET", f"/v1/users/{person.id}"), 200).json()
            person.version, person.display_name = read["version"], read["display_name"]
            self._is_version_known = True
        token = uuid4().hex
        headers: dict[str, object] = {"If-Match": f'"{person.version}"'}
        self._is_version_known = False
        person.effects.unknown += 1
        repeats = self._repeats
        answer = self._send("PATCH", f"/v1/users/{person.id}", {"display_name": token}, headers)
        if answer.status == 412 and self._repeats > repeats:
            # The first try got no answer, but may have been done: then the name tells.
            answer = self._send("GET", f"/v1/users/{person.id}")
        changed = expect(answer, 200).json()
        if changed["display_name"] != token:
            message = "the change is refused as if somebody else had made one"
            raise UnexpectedAnswerError(message)
        person.effects.unknown -= 1
        person.effects.acknowledged += 1
        person.version, person.display_name = changed["version"], token
        self._is_version_known = True
