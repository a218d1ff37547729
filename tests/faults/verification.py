"""Compares the clients' books with the database: what is lost, and what was done twice."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from .ledger import Effects, Ledger, Person, Workflow
from .operations import PROMPT_TOKENS
from .postgres import Postgres


@dataclass(slots=True)
class Findings:
    """What the comparison found, each as a sentence."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


class Database:
    """What Postgres holds, read past proxy and pooler."""

    def __init__(self, postgres: Postgres) -> None:
        with closing(postgres.connect()) as connection, connection.cursor() as cursor:

            def rows(sql: str) -> list[tuple[Any, ...]]:
                cursor.execute(sql)
                found: list[tuple[Any, ...]] = cursor.fetchall()
                return found

            self.people = {
                row[0]: row for row in rows("SELECT id::text, display_name, version FROM users")
            }
            self.workflows = {
                row[0]: row
                for row in rows(
                    "SELECT id::text, user_input, status, version, node_count, generation_count,"
                    " input_tokens FROM workflows"
                )
            }
            self.nodes = {
                row[0]: row
                for row in rows(
                    "SELECT id::text, workflow_id::text, input->>'token', seq, output->>'token',"
                    " status FROM nodes"
                )
            }
            self.generations = {
                row[0]: row
                for row in rows(
                    "SELECT id::text, workflow_id::text, user_prompt, prompt_tokens"
                    " FROM generations"
                )
            }


def compare(books: Iterable[Ledger], postgres: Postgres) -> Findings:
    """Find acknowledged writes that are missing or different, and rows and effects in excess."""
    database = Database(postgres)
    findings = Findings()
    for ledger in books:
        for person in ledger.people:
            _compare_person(person, database, findings)
        for workflow in ledger.workflows:
            _compare_workflow(workflow, database, findings)
    _find_twins(database, findings)
    _recount(database, findings)
    return findings


def _compare_effects(what: str, effects: Effects, version: int, findings: Findings) -> None:
    """Compare how often a row was changed, by its version, with how often that was asked for."""
    done = version - 1
    if done < effects.acknowledged:
        findings.lost.append(f"{what}: {effects.acknowledged} changes acknowledged, {done} done")
    if done > effects.acknowledged + effects.unknown:
        asked = effects.acknowledged + effects.unknown
        findings.doubled.append(f"{what}: {asked} changes asked for, {done} done")


def _compare_person(person: Person, database: Database, findings: Findings) -> None:
    what = f"user {person.id}"
    if person.id not in database.people:
        findings.lost.append(f"{what}: missing")
        return
    _, name, version = database.people[person.id]
    if not person.effects.unknown and name != person.display_name:
        findings.lost.append(f"{what}: the last change is missing")
    _compare_effects(what, person.effects, version, findings)


def _compare_workflow(workflow: Workflow, database: Database, findings: Findings) -> None:
    what = f"workflow {workflow.id}"
    if workflow.id not in database.workflows:
        findings.lost.append(f"{what}: missing")
        return
    _, token, status, version, *_ = database.workflows[workflow.id]
    if token != workflow.token:
        findings.lost.append(f"{what}: has another content")
    if workflow.is_completed and status != "completed":
        findings.lost.append(f"{what}: is {status}, though its completion was acknowledged")
    _compare_effects(what, workflow.effects, version, findings)
    for node_id, node in workflow.nodes.items():
        row = database.nodes.get(node_id)
        if row is None or row[1:4] != (workflow.id, node.token, node.seq):
            findings.lost.append(f"node {node_id} of {what}: missing or different")
        elif node.output is not None and row[4:] != (node.output, "completed"):
            findings.lost.append(f"node {node_id} of {what}: its completion is missing")
    for generation_id, prompt in workflow.generations.items():
        generation = database.generations.get(generation_id)
        if generation is None or generation[1:] != (workflow.id, prompt, PROMPT_TOKENS):
            findings.lost.append(f"generation {generation_id} of {what}: missing or different")


def _find_twins(database: Database, findings: Findings) -> None:
    """Each request brought a token of its own: no two rows may have the same."""
    for noun, tokens in (
        ("workflows", (row[1] for row in database.workflows.values())),
        ("nodes", (row[2] for row in database.nodes.values())),
        ("generations", (row[2] for row in database.generations.values())),
    ):
        for token, count in Counter(tokens).items():
            if count > 1:
                findings.doubled.append(f"{count} {noun} of the one request {token}")


def _recount(database: Database, findings: Findings) -> None:
    """The counters of a workflow are kept with its rows: both or neither."""
    nodes = Counter(row[1] for row in database.nodes.values())
    generations = Counter(row[1] for row in database.generations.values())
    tokens: Counter[str] = Counter()
    for _, workflow_id, _, prompt_tokens in database.generations.values():
        tokens[workflow_id] += prompt_tokens
    for workflow_id, _, _, _, *kept in database.workflows.values():
        counted = [nodes[workflow_id], generations[workflow_id], tokens[workflow_id]]
        if kept != counted:
            findings.doubled.append(
                f"workflow {workflow_id}: counters say {kept}, its rows {counted}"
            )
