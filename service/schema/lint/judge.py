"""Applies the rules to revisions, one statement after the other."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from service.schema.lint.blocks import opened
from service.schema.lint.catalog import Catalog
from service.schema.lint.effects import effects
from service.schema.lint.finding import Finding, Past, Situation
from service.schema.lint.locks import Effect
from service.schema.lint.release_before import breaks
from service.schema.lint.replay import apply
from service.schema.lint.rules import RULES
from service.schema.lint.source import Source
from service.schema.statements import Captured, Statement

_WAY_OUT = "# lint: allow(not-analysable) says in a few words why it is safe"


class Judge:
    """Knows the schema, and follows the statements that change it."""

    def __init__(self, catalog: Catalog, new: frozenset[str]) -> None:
        self._catalog = catalog
        self._new = new
        self.unneeded: list[Finding] = []
        """What the last revision says of the release before, and had no need to."""

    def judge(
        self, captured: Captured
    ) -> Iterator[tuple[Statement, tuple[Effect, ...], list[Finding]]]:
        """Go through a revision: each statement with its effects, and what is unsafe in it."""
        source = Source(captured.revision, captured.path)
        earlier: dict[int | None, list[Past]] = {}
        is_broken = captured.problem is not None
        self._catalog.is_utc = True
        for statement in captured.statements:
            past = earlier.setdefault(statement.transaction, [])
            if statement.transaction is None:
                past.clear()
            found: list[Finding] = []
            touched: list[Effect] = []
            for part in opened(statement, self._catalog):
                done = effects(part.tree, self._catalog)
                found += self._problems(part, captured, done, past)
                past.append(Past(part, done))
                touched += done
                if part.tree is not None:
                    apply(self._catalog, part.tree, captured.revision)
            is_broken = is_broken or breaks(statement.tree, found)
            judged = [item for item in map(source.judge, found) if item]
            yield statement, tuple(touched), judged
        unneeded = source.unneeded_break(is_broken=is_broken)
        self.unneeded = [item for item in map(source.judge, unneeded) if item]

    def _problems(
        self,
        statement: Statement,
        captured: Captured,
        done: tuple[Effect, ...],
        past: Iterable[Past],
    ) -> Iterator[Finding]:
        if statement.tree is None:
            yield not_analysable(statement, statement.problem or "")
            return
        situation = Situation(
            statement, self._catalog, done, tuple(past), captured.statements, self._new
        )
        for rule in RULES:
            for problem in rule(situation):
                yield Finding(
                    statement.revision,
                    problem.rule,
                    statement.line,
                    statement.sql,
                    problem.why,
                    problem.fix,
                )


def beside_statements(captured: Captured) -> list[Finding]:
    """Find what is unsafe about a revision as a whole: its imports, and that it can't be read."""
    source = Source(captured.revision, captured.path)
    found = list(source.import_findings())
    if captured.problem:
        lines = captured.path.read_text(encoding="utf-8").splitlines()
        line = captured.problem_line
        text = lines[line - 1].strip() if line else ""
        found.append(
            Finding(
                captured.revision,
                "not-analysable",
                line,
                text,
                f"What comes after it is not looked at: {captured.problem}.",
                _WAY_OUT,
            )
        )
    return [item for item in map(source.judge, found) if item]


def not_analysable(statement: Statement, problem: str) -> Finding:
    """Tell of a statement that the parser can't see through."""
    return Finding(
        statement.revision,
        "not-analysable",
        statement.line,
        statement.sql,
        f"Nobody can tell what it locks: {problem}.",
        _WAY_OUT,
    )


def findings(captured: Iterable[Captured], catalog: Catalog, *, each_alone: bool) -> list[Finding]:
    """Judge revisions, which follow the schema in `catalog`.

    Tables that these revisions make are empty; with `each_alone` only in the revision itself, as if
    each were deployed on its own.
    """
    revisions = list(captured)
    everything = frozenset(item.revision for item in revisions)
    found: list[Finding] = []
    for revision in revisions:
        new = frozenset({revision.revision}) if each_alone else everything
        found += beside_statements(revision)
        judge = Judge(catalog, new)
        for _, _, problems in judge.judge(revision):
            found += problems
        found += judge.unneeded
    return [replace(item, statement=" ".join(item.statement.split())) for item in found]
