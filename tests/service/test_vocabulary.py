"""One vocabulary: what the tables call workflow, node and generation is called so everywhere.

To run and to call are verbs, commands have runs and migrations have steps. So texts about trips
have these words only as `OTHERWISE` says; all other texts may not have what only a workflow, a node
or a generation can be.
"""

import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

WORDS = re.compile(r"\b(?:runs?|steps?|LLM[ -]calls?)\b", re.IGNORECASE)
CALLS = re.compile(r"\bcalls?\b", re.IGNORECASE)

DEFINITION = r"\bone LLM call\b"
NO_NOUN = r"(?<!\b[Aa] )(?<!\b[Tt]he )(?<!\b[Tt]his )(?<!\b[Ii]ts )(?<!\bof )"
OTHERWISE = {
    "where a reader meets the word first": DEFINITION,
    "a command": r"\b(?:make|uv|[Dd]ry|backfill)[ -]run\b|<!-- not run: |\bAt run time\b",
    "to run": rf"{NO_NOUN}\b[Rr]un(?: it| the import| with| into| `| Flask's| Alembic's)"
    r"|\b(?:has|may be|only a few|those who) run\b"
    r"|\b(?:Where it|planner|any command|docs/|Who) runs\b",
    "a member of a question": r"[\"'/`]step[\"'`]|\bstep, requested_at\b|\) step\b|(?m:^step$)",
    "what a command did": r"\bthe run it stands for\b|\beach run looks at the database\b",
}
CALLED = {
    "where a reader meets the word first": DEFINITION,
    "to give a name": r"\b(?:agent|person|client)s? calls? (?:it|the \w+)\b",
    "what Python says": r"\bmost recent call last\b",
}

OF_NAMES = {"run", "runs", "step", "steps", "call", "calls", "llm"}
NAMES = {
    "dry_run": "an option of commands",
    "_DRY_RUN": "the same",
    "pending_step": "a column",
    "step": "a member of a question: the name of the node that asks",
}

ONLY_OF_TRIPS = re.compile(
    r"\bLLM[ -]calls?\b"
    r"|\b(?:closed|open|completed|cancelled|planning|trip|user's|person's) runs?\b"
    r"|\bsteps? of (?:an?|the|its|their|this) (?:run|workflow|trip|agent)\b"
    r"|\b(?:run|workflow)'s steps?\b"
    r"|\brun\[|(?<!github\.)\brun_id\b|\bRUN_(?:TO_|ERROR\b)|\bAS (?:run|step)\b(?!,)"
    r"|_(?:an?|its|own|closed|open|unknown|THE)_(?:closed_)?(?:runs?|RUN)(?:_|\b)"
    r"|\b(?:runs?|steps?|calls?)\b,?\)? = .*(?:\.(?:workflow|node|generation)\("
    r"|\W(?:workflow|node|generation)s\b)"
)

# Changes tell of what was; this file tells of the words.
APART = {"CHANGELOG.md", "tests/service/test_vocabulary.py"}

TRIPS = ("README.md", "docs/IMPORT.md", "docs/FROM_THE_PROTOTYPE.md", "docs/BRIDGE.md")
TABLES = "docs/DATABASE_SCHEMA.md"
CODE = (
    "service/**/*.py",
    "tests/service/api/test_*s.py",
    "tests/contract/client.py",
    "benchmarks/peer_fastapi.py",
)
KINDS = {".md", ".py", ".ts", ".js", ".sql", ".json", ".toml", ".yml"}
ALL = ("*.*", "docs/**/*", "service/**/*", "packages/**/*", "tests/**/*", "benchmarks/*")


def other(words: re.Pattern[str], text: str, otherwise: Mapping[str, str]) -> list[str]:
    """Find the words in a text, each with what stands around it, but for their other meanings."""
    for pattern in otherwise.values():
        text = re.sub(pattern, "", text)
    return [text[max(0, found.start() - 40) : found.end() + 40] for found in words.finditer(text)]


def texts(node: Any) -> Iterator[str]:
    """List all names and texts of a JSON document."""
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from texts(value)
    if isinstance(node, str):
        yield node


def parts(name: str) -> set[str]:
    """Split a name in snake or camel case into its words."""
    return {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def files(*patterns: str) -> list[str]:
    found = sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())
    places = [path.relative_to(ROOT).as_posix() for path in found]
    return [place for place in places if place not in APART]


def read(place: str) -> str:
    return (ROOT / place).read_text(encoding="utf-8")


def tokens(place: str) -> list[tokenize.TokenInfo]:
    with tokenize.open(ROOT / place) as file:
        return list(tokenize.generate_tokens(file.readline))


def prose_of(place: str) -> str:
    """Put the strings and comments of a module together."""
    kinds = {tokenize.STRING, tokenize.COMMENT}
    return "\n".join(token.string for token in tokens(place) if token.type in kinds)


def names_of(place: str) -> set[str]:
    """List the names of a module that have one of the words, but for `run` where it is called."""
    found = tokens(place)
    names: set[str] = set()
    for before, token, after in zip(found, found[1:], found[2:], strict=False):
        is_function = before.string == "." or after.string == "(" or token.line.startswith("from ")
        if token.type == tokenize.NAME and not (token.string == "run" and is_function):
            names.update({token.string} if parts(token.string) & OF_NAMES else ())
    return names


@pytest.mark.parametrize(
    "text",
    [
        "Get a run.",
        "The run it belongs to.",
        "steps of runs",
        "of the run",
        "An LLM call",
        "LLM calls",
    ],
)
def test_a_word_is_found_beside_its_other_meanings(text):
    meant_otherwise = "`make run` serves; run it again: one LLM call. "
    assert not other(WORDS, meant_otherwise, OTHERWISE)
    assert other(WORDS, meant_otherwise + text, OTHERWISE)


def test_the_openapi_document_has_no_other_words(app):
    said = set(texts(app.test_client().get("/openapi.json").json))
    assert "List the generations of a workflow." in " ".join(said)
    prose = "\n".join(sorted(said))
    assert not other(WORDS, prose, OTHERWISE)
    assert not other(CALLS, prose, CALLED)
    names = {name for name in said if " " not in name and parts(name) & OF_NAMES}
    assert names <= set(NAMES)


@pytest.mark.parametrize("place", files(*TRIPS, TABLES))
def test_texts_about_trips_have_no_other_words(place):
    assert not other(WORDS, read(place), OTHERWISE)


@pytest.mark.parametrize("place", files(*CODE))
def test_code_about_trips_has_no_other_words(place):
    assert not other(WORDS, prose_of(place), OTHERWISE)
    assert names_of(place) <= set(NAMES)


def test_no_other_text_has_what_only_they_can_be():
    found = {
        place: said
        for place in files(*ALL)
        if Path(place).suffix in KINDS
        and (said := other(ONLY_OF_TRIPS, read(place), {"": DEFINITION}))
    }
    assert not found
