"""Applies the rules to revisions, one statement after the other."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from safe_migrations.lint.blocks import opened
from safe_migrations.lint.catalog import Catalog
from safe_migrations.lint.effects import effects
from safe_migrations.lint.finding import Finding, Past, Situation
from safe_migrations.lint.locks import Effect
from safe_migrations.lint.ranges import Range
from safe_migrations.lint.release_before import breaks
from safe_migrations.lint.replay import apply
from safe_migrations.lint.rules import RULES
from safe_migrations.lint.rules.not_analysable import not_analysable
from safe_migrations.lint.source import Source
from safe_migrations.recording.loading import Directory
from safe_migrations.statements import Captured, Statement


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
        # Of what is not seen, nobody knows what it breaks.
        is_broken = bool(captured.remarks or captured.otherwise)
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
        self.unneeded = [item for item in map(source.judge, source.findings(unneeded)) if item]

    def _problems(
        self,
        statement: Statement,
        captured: Captured,
        done: tuple[Effect, ...],
        past: Iterable[Past],
    ) -> Iterator[Finding]:
        situation = Situation(
            statement, self._catalog, done, tuple(past), captured.statements, self._new
        )
        for rule in RULES if statement.tree is not None else (not_analysable,):
            for problem in rule(situation):
                yield problem.at(statement.revision, statement.line, statement.sql)


def beside_statements(captured: Captured) -> list[Finding]:
    """Find what is unsafe about a revision as a whole: its imports, and what can't be known."""
    source = Source(captured.revision, captured.path)
    found = source.findings([*source.imports(), *captured.remarks])
    return [item for item in map(source.judge, found) if item]


def strays(directory: Directory) -> list[Finding]:
    """Find the files that say nothing of their place among the revisions."""
    if not directory.remarks:
        return []
    known = {Path(script.path).resolve() for script in directory.walk_revisions()}
    return [
        finding
        for path, remarks in directory.remarks.items()
        if path not in known
        for finding in Source(path.name, path).findings(remarks)
    ]


def findings(captured: Iterable[Captured], catalog: Catalog, looked_at: Range) -> list[Finding]:
    """Judge the revisions of a range, one after the other, which follow the schema in `catalog`.

    Tables that these revisions make are empty; with `each_alone` only in the revision itself, as if
    each were deployed on its own.
    """
    everything = frozenset(item.revision for item in looked_at.inside)
    found: list[Finding] = []
    for revision in captured:
        new = frozenset({revision.revision}) if looked_at.each_alone else everything
        found += beside_statements(revision)
        known = deepcopy(catalog) if revision.otherwise else catalog
        judge = Judge(catalog, new)
        here = [item for _, _, some in judge.judge(revision) for item in some]
        found += [*here, *otherwise(revision, known, new, here), *judge.unneeded]
    return [replace(item, statement=" ".join(item.statement.split())) for item in found]


def otherwise(
    captured: Captured, catalog: Catalog, new: frozenset[str], found: Iterable[Finding]
) -> list[Finding]:
    """Judge what a revision does on other databases; yields what was not found before.

    `catalog` is the schema that the revision finds.
    """
    told = {(item.rule, item.line): item for item in found}
    for statements in captured.otherwise:
        judge = Judge(deepcopy(catalog), new)
        for _, _, some in judge.judge(replace(captured, statements=statements)):
            for item in some:
                told.setdefault((item.rule, item.line), item)
    before = set(found)
    return [item for item in told.values() if item not in before]
