"""A resource that can't mean what it says stops the service at its start, in words."""

import pytest

from json_rows import Input, New, Put, Resource, Transition, ownership
from json_rows.models import without
from tests.json_rows.shelf_models import (
    BookCreate,
    BookRead,
    NoteWrite,
    Shelf,
    ShelfCreate,
    ShelfFilter,
    ShelfSummary,
    ShelvedBook,
)
from tests.json_rows.shelves import books, notes, shelves


class Verdict(Input):
    """A body with a member that no table has a column for."""

    verdict: str


def of_shelves(**options):
    return Resource("shelf", Shelf, ShelfSummary, owner="reader_id", **options)


def listed(**options):
    given = {"sorts": {"name": "shelves.name"}, "default_sort": "name", **options}
    return of_shelves(filters=ShelfFilter, conditions={"title": "true"}, **given)


def changed(**options):
    return Transition(shelves, to="closed", **options)


WRONG = {
    "an owner that is nothing": (
        lambda: Resource("shelf", Shelf, ShelfSummary, owner="readr_id"),
        "readr_id is neither a column of shelves, nor a condition on",
    ),
    "what answers go with": (
        lambda: of_shelves(goes_with={"reader_id": "readr_id"}),
        "shelves has no column readr_id, which `goes_with` names",
    ),
    "a member that is no column": (
        lambda: Resource("book", ShelvedBook, ShelfSummary, parent=shelves),
        "books has no column .*name.*, which ShelfSummary names",
    ),
    "states of a table without any": (
        lambda: Resource("book", ShelvedBook, BookRead, parent=shelves, states={"a": frozenset()}),
        "books has no column status, which `states` names",
    ),
    "a default sort": (
        lambda: listed(default_sort="-nam"),
        "`default_sort` names -nam; there are name, -name",
    ),
    "a filter that leaves few rows": (
        lambda: listed(narrow=frozenset({"titel"})),
        "`narrow` names titel; there are",
    ),
    "a list of what is not listed": (
        lambda: notes.listing,
        "No note is listed: the resource has no `sorts` and `default_sort`",
    ),
    "rows within nothing": (lambda: shelves.above, "No shelf has a parent"),
    "a state that there is not": (
        lambda: Transition(shelves, to="gone"),
        "Of the states of shelves none leads to gone",
    ),
    "a transition without states": (
        lambda: Transition(books),
        "Of the states of books all are final",
    ),
    "a column that is set": (
        lambda: changed(values={"nmae": "'x'"}),
        "shelves has no column nmae, which what is set names",
    ),
    "a body that is lost": (
        lambda: Transition(shelves, Verdict, to="closed"),
        "Verdict has verdict: no column of shelves takes that, and no SQL reads it",
    ),
    "an id of a transition, which is none of the row": (
        lambda: Transition(shelves, ShelfCreate, to="closed"),
        "ShelfCreate has id: no column of shelves takes that, and no SQL reads it",
    ),
    "a new row that is lost in part": (
        lambda: New(notes, Verdict, values={"text": "'x'"}),
        "Verdict has verdict: no column of notes takes that",
    ),
    "a column of new rows": (
        lambda: New(shelves, ShelfCreate, values={"nmae": "'x'"}),
        "shelves has no column nmae, which `values` names",
    ),
    "a column of the parent": (
        lambda: New(books, BookCreate, parent_values={"book_cuont": "1"}),
        "shelves has no column book_cuont, which `parent_values` names",
    ),
    "a column that nothing fills": (
        lambda: New(shelves, without("Nameless", ShelfCreate, ("name",), base=Input)),
        "shelves.name needs a server default, or a value in `values`",
    ),
    "a member that nobody shows": (
        lambda: of_shelves(more={"boks": "1"}),
        "`more` names boks; there are id",
    ),
    "a member that may differ": (
        lambda: New(shelves, ShelfCreate, changing=frozenset({"nmae"})),
        "`changing` names nmae; there are",
    ),
    "a parent without states": (
        lambda: New(
            Resource("book", ShelvedBook, BookRead, parent=of_shelves()), BookCreate, into_open=True
        ),
        "shelves has no states, and so no row that is open",
    ),
    "one row of many": (
        lambda: Put(books, BookCreate),
        "books may have many rows of one shelf",
    ),
    "a parent that there is not": (
        lambda: New(shelves, ShelfCreate, into_open=True),
        "No shelf has a parent",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_can_not_be_meant_is_refused_when_it_is_declared(name, monkeypatch):
    # What a test declares is forgotten again.
    monkeypatch.setattr(ownership, "_DECLARED", [])
    declare, message = WRONG[name]

    def start() -> None:
        declare()
        ownership.check_all()  # as init_app does: it writes all statements

    with pytest.raises(TypeError, match=message):
        start()


def test_what_sql_reads_of_a_body_is_not_lost(monkeypatch):
    monkeypatch.setattr(ownership, "_DECLARED", [])
    Transition(shelves, Verdict, to="closed", values={"name": "%(json)s::json ->> 'verdict'"})
    Put(notes, NoteWrite)
