"""The judgement: all checks of a history and of the database in the end."""

from collections.abc import Callable, Iterator, Sequence

from .calls import Database, History
from .checks_of_answers import (
    answers_are_expected,
    counters_count_what_was_acknowledged,
    ends_are_not_foretold,
    lists_have_what_was_acknowledged,
    nodes_are_found,
)
from .checks_of_ends import (
    closed_has_no_open_nodes,
    closed_stays_closed,
    ends_are_final,
    nothing_follows_the_end,
)
from .checks_of_rows import (
    counters_agree,
    ends_were_asked_for,
    later_nodes_come_later,
    rows_are_kept,
    rows_are_made_once,
    rows_were_asked_for,
    seqs_are_whole,
    times_add_up,
)
from .checks_of_versions import (
    a_version_is_one_content,
    changes_are_counted,
    changes_are_kept,
    etags_are_versions,
    if_match_is_kept,
    versions_never_go_back,
)
from .checks_of_waiting import (
    answers_are_kept,
    conflicts_name_the_question,
    one_question_is_open,
    questions_are_kept,
    questions_are_listed,
    waiting_adds_up,
)

Check = Callable[[History, Database], Iterator[str]]

CHECKS: Sequence[Check] = (
    rows_are_kept,
    rows_are_made_once,
    rows_were_asked_for,
    counters_agree,
    seqs_are_whole,
    later_nodes_come_later,
    ends_are_final,
    ends_were_asked_for,
    ends_are_not_foretold,
    closed_stays_closed,
    closed_has_no_open_nodes,
    nothing_follows_the_end,
    versions_never_go_back,
    a_version_is_one_content,
    changes_are_counted,
    changes_are_kept,
    etags_are_versions,
    if_match_is_kept,
    times_add_up,
    questions_are_kept,
    answers_are_kept,
    one_question_is_open,
    waiting_adds_up,
    conflicts_name_the_question,
    questions_are_listed,
    lists_have_what_was_acknowledged,
    counters_count_what_was_acknowledged,
    nodes_are_found,
    answers_are_expected,
)
"""Each yields a sentence for each violation; its own docstring says what must hold."""


def violations(history: History, database: Database) -> dict[str, list[str]]:
    """Find all violations, by the name of the check; none: an empty dictionary."""
    found = {check.__name__: list(check(history, database)) for check in CHECKS}
    return {name: sentences for name, sentences in found.items() if sentences}
