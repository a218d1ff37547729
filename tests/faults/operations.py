"""What a client of the laboratory does: a planner's day, every write with an id or a key."""

import random
import time
from collections.abc import Callable, Mapping
from uuid import uuid4

from .http_client import Answer, HttpClient, NoAnswerError
from .ledger import Ledger, Node, Operation, Person, Workflow

MOST_WORKFLOWS = 12
"""Workflows that a client works on at a time; then the oldest is completed."""

MOST_NODES = 12
PROMPT_TOKENS = 7
PROVIDER = "laboratory"


def planners(port: int, seed: int, numbers: range) -> list["Planner"]:
    """Make planners, each with a connection and a user of its own."""
    return [
        Planner(HttpClient(port), random.Random(f"{seed}-{number}"), Ledger())  # noqa: S311  repeatable, not secret
        for number in numbers
    ]


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
    """One client with its user and its workflows, and the books about them.

    Nobody else changes its rows, so each answer can be foretold.
    """

    def __init__(self, http: HttpClient, chance: random.Random, ledger: Ledger) -> None:
        self._http = http
        self._chance = chance
        self.ledger = ledger
        self._open: list[Workflow] = []
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
        """Create the user and a first workflow; they must succeed."""
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

    def _workflow(self) -> Workflow:
        return self._chance.choice(self._open)

    # Reads

    def get_workflow(self) -> None:
        """Read a workflow that is known to be there."""
        workflow = self._workflow()
        read = expect(self._send("GET", f"/v1/workflows/{workflow.id}"), 200).json()
        if read["user_input"] != workflow.token:
            message = "the workflow has another content"
            raise UnexpectedAnswerError(message)

    def list_workflows(self) -> None:
        """Read a page of the user's workflows."""
        path = f"/v1/workflows?user_id={self._person.id}&limit=10"
        if not expect(self._send("GET", path), 200).json()["items"]:
            message = "the list lacks acknowledged workflows"
            raise UnexpectedAnswerError(message)

    def get_timeline(self) -> None:
        """Read a workflow's timeline."""
        expect(self._send("GET", f"/v1/workflows/{self._workflow().id}/timeline?limit=10"), 200)

    def get_node(self) -> None:
        """Read a node that is known to be there."""
        workflow = self._workflow()
        if not workflow.nodes:
            self.get_workflow()
            return
        node_id = self._chance.choice([*workflow.nodes])
        read = expect(self._send("GET", f"/v1/nodes/{node_id}"), 200).json()
        if read["seq"] != workflow.nodes[node_id].seq:
            message = "the node has another seq"
            raise UnexpectedAnswerError(message)

    # Writes

    def create_workflow(self) -> None:
        """Start a workflow with an id of the client's own."""
        self._create_workflow({"id": str(uuid4())}, {})

    def create_workflow_by_key(self) -> None:
        """Start a workflow whose repetition only the key makes safe."""
        self._create_workflow({}, {"Idempotency-Key": uuid4().hex})

    def _create_workflow(
        self, identity: Mapping[str, object], headers: Mapping[str, object]
    ) -> None:
        token = uuid4().hex
        body = {**identity, "user_id": self._person.id, "user_input": token}
        created = expect(self._send("POST", "/v1/workflows", body, headers), 200, 201).json()
        if created["user_input"] != token:
            message = "another workflow was answered"
            raise UnexpectedAnswerError(message)
        workflow = Workflow(created["id"], token)
        self.ledger.workflows.append(workflow)
        self._open.append(workflow)
        if len(self._open) > MOST_WORKFLOWS:
            self._open.pop(0)

    def create_node(self) -> None:
        """Record a node with an id of the client's own."""
        workflow = self._workflow()
        if len(workflow.nodes) >= MOST_NODES or workflow.is_completed:
            self.create_workflow()
            return
        token = uuid4().hex
        body = {"id": str(uuid4()), "node_name": "laboratory", "input": {"token": token}}
        made = self._change(workflow, f"/v1/workflows/{workflow.id}/nodes", body, {}).json()
        workflow.nodes[made["id"]] = Node(token, made["seq"])

    def create_generation(self) -> None:
        """Record a generation whose repetition only the key makes safe."""
        workflow = self._workflow()
        token = uuid4().hex
        body = {
            "model_provider": PROVIDER,
            "model_name": "any",
            "user_prompt": token,
            "prompt_tokens": PROMPT_TOKENS,
        }
        headers = {"Idempotency-Key": uuid4().hex}
        made = self._change(
            workflow, f"/v1/workflows/{workflow.id}/generations", body, headers
        ).json()
        workflow.generations[made["id"]] = token

    def complete_node(self) -> None:
        """Complete a node; doing so again changes nothing."""
        workflow = self._workflow()
        opened = [key for key, node in workflow.nodes.items() if node.is_open]
        if not opened or workflow.is_completed:
            self.create_node()
            return
        node_id = self._chance.choice(opened)
        # Whatever the answer is, it may be completed now, and is not touched again.
        workflow.nodes[node_id].is_open = False
        output = uuid4().hex
        self._change(workflow, f"/v1/nodes/{node_id}/complete", {"output": {"token": output}}, {})
        workflow.nodes[node_id].output = output

    def complete_workflow(self) -> None:
        """Complete the oldest workflow that is open, if others are left."""
        if len(self._open) < MOST_WORKFLOWS // 2:
            self.create_workflow()
            return
        workflow = self._open.pop(0)
        if workflow.is_completed:
            self.create_workflow()
            return
        self._change(workflow, f"/v1/workflows/{workflow.id}/complete", {}, {})
        workflow.is_completed = True

    def _change(
        self,
        workflow: Workflow,
        path: str,
        body: Mapping[str, object],
        headers: Mapping[str, object],
    ) -> Answer:
        workflow.effects.unknown += 1
        answer = expect(self._send("POST", path, body, headers), 200, 201)
        workflow.effects.unknown -= 1
        workflow.effects.acknowledged += 1
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
