"""What a rule is: its id, its words and its cure, declared beside a detection that yields facts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Formatter
from types import SimpleNamespace
from typing import Any

from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.release_before import CONSTANT

_HINT = f"# or, where code of the release before can't go on with it, {CONSTANT} = True"


class Facts(SimpleNamespace):
    """What a detection has found, by the names that words and cure call it."""


Detect = Callable[[Situation], Iterator[Facts]]
Cure = str | Callable[[Situation, Facts], str]


class _Wording(Formatter):
    """Fills in facts: several of a kind as in `a, b and c`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, (list, tuple)):
            *most, last = map(str, value)
            return f"{', '.join(most)} and {last}" if most else last
        return str(super().format_field(value, format_spec))


_WORDING = _Wording()


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the ways in which a rule is broken."""

    detect: Detect
    why: str
    cure: Cure


class Rule:
    """Something that a revision must not do to a database in use.

    `finds` says in a few words what it is, for the guide. `breaks_release_before` is of those that
    only mind code of the release before, and that a revision may answer with a constant.
    """

    def __init__(self, name: str, finds: str, *, breaks_release_before: bool = False) -> None:
        self.id = name.replace("_", "-")
        self.finds = finds
        self.breaks_release_before = breaks_release_before
        self._ways: list[_Way] = []
        self._remark: tuple[str, str] | None = None

    def also(self, *, why: str, cure: Cure) -> Callable[[Detect], Detect]:
        """Add another way in which the rule is broken, with its own words and cure."""

        def declared(detect: Detect) -> Detect:
            self._ways.append(_Way(detect, why, cure))
            return detect

        return declared

    def remarked(self, *, why: str, cure: str) -> "Rule":
        """Word what is not found in a statement but remarked beside them, as `what`."""
        self._remark = why, cure
        return self

    def __call__(self, situation: Situation) -> Iterator[Problem]:
        """Find what is unsafe about a statement."""
        for way in self._ways:
            for facts in way.detect(situation):
                fix = way.cure if isinstance(way.cure, str) else way.cure(situation, facts)
                yield self._problem(way.why, fix, facts, is_template=isinstance(way.cure, str))

    def of_remark(self, what: str) -> Problem:
        """Word a remark."""
        assert self._remark is not None, self.id  # noqa: S101  a rule without words for remarks
        return self._problem(*self._remark, Facts(what=what), is_template=True)

    def _problem(self, why: str, fix: str, facts: Facts, *, is_template: bool) -> Problem:
        names = {"allow": f"# lint: allow({self.id})"} | vars(facts)
        fix = _WORDING.vformat(fix, (), names) if is_template else fix
        hint = f"\n{_HINT}" if self.breaks_release_before else ""
        said = _WORDING.vformat(why, (), names)
        return Problem(self.id, said, fix + hint, breaks_release_before=self.breaks_release_before)


def rule(
    finds: str, *, why: str, cure: Cure, breaks_release_before: bool = False
) -> Callable[[Detect], Rule]:
    """Declare the rule that has the name of a detection.

    `why` has the facts' names in braces. So has `cure` where it is a text, which also knows
    `{allow}`, the comment that silences the rule; else it makes the code from the facts.
    """

    def declared(detect: Detect) -> Rule:
        made = Rule(detect.__name__, finds, breaks_release_before=breaks_release_before)
        made.also(why=why, cure=cure)(detect)
        return made

    return declared
