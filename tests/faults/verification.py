"""Compares the clients' books with the database: what is lost, and what was done twice."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from .ledger import Effects, Ledger, Person, Run
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
            self.runs = {
                row[0]: row
                for row in rows(
                    "SELECT id::text, user_input, status, version, node_count, generation_count,"
                    " input_tokens FROM workflows"
                )
            }
            self.steps = {
                row[0]: row
                for row in rows(
                    "SELECT id::text, workflow_id::text, input->>'token', seq, output->>'token',"
                    " status FROM nodes"
                )
            }
            self.calls = {
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
        for run in ledger.runs:
            _compare_run(run, database, findings)
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


def _compare_run(run: Run, database: Database, findings: Findings) -> None:
    what = f"run {run.id}"
    if run.id not in database.runs:
        findings.lost.append(f"{what}: missing")
        return
    _, token, status, version, *_ = database.runs[run.id]
    if token != run.token:
        findings.lost.append(f"{what}: has another content")
    if run.is_completed and status != "completed":
        findings.lost.append(f"{what}: is {status}, though its completion was acknowledged")
    _compare_effects(what, run.effects, version, findings)
    for step_id, step in run.steps.items():
        row = database.steps.get(step_id)
        if row is None or row[1:4] != (run.id, step.token, step.seq):
            findings.lost.append(f"step {step_id} of {what}: missing or different")
        elif step.output is not None and row[4:] != (step.output, "completed"):
            findings.lost.append(f"step {step_id} of {what}: its completion is missing")
    for call_id, prompt in run.calls.items():
        call = database.calls.get(call_id)
        if call is None or call[1:] != (run.id, prompt, PROMPT_TOKENS):
            findings.lost.append(f"LLM call {call_id} of {what}: missing or different")


def _find_twins(database: Database, findings: Findings) -> None:
    """Each request brought a token of its own: no two rows may have the same."""
    for noun, tokens in (
        ("runs", (row[1] for row in database.runs.values())),
        ("steps", (row[2] for row in database.steps.values())),
        ("LLM calls", (row[2] for row in database.calls.values())),
    ):
        for token, count in Counter(tokens).items():
            if count > 1:
                findings.doubled.append(f"{count} {noun} of the one request {token}")


def _recount(database: Database, findings: Findings) -> None:
    """The counters of a run are kept with its rows: both or neither."""
    steps = Counter(row[1] for row in database.steps.values())
    calls = Counter(row[1] for row in database.calls.values())
    tokens: Counter[str] = Counter()
    for _, run_id, _, prompt_tokens in database.calls.values():
        tokens[run_id] += prompt_tokens
    for run_id, _, _, _, *kept in database.runs.values():
        counted = [steps[run_id], calls[run_id], tokens[run_id]]
        if kept != counted:
            findings.doubled.append(f"run {run_id}: counters say {kept}, its rows {counted}")
