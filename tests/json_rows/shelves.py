"""What can be done with readers, their shelves with books and questions, and their cards."""

from json_rows import Changed, Deleted, New, Put, Query, Resource, Selection, Statement, Transition
from json_rows.frame import differing
from json_rows.inserting import insert
from json_rows.statement import Row
from tests.json_rows.shelf_models import (
    Ask,
    BookCreate,
    BookRead,
    Card,
    CardRead,
    CardWithDigest,
    FilledShelfCreate,
    Note,
    NoteRead,
    NoteWrite,
    Question,
    QuestionRead,
    Reader,
    ReaderCreate,
    ReaderRead,
    Reply,
    Shelf,
    ShelfCreate,
    ShelfFilter,
    ShelfRead,
    ShelfSummary,
    ShelvedBook,
)

readers = Resource(
    "reader",
    Reader,
    ReaderRead,
    owner="id",
    goes_with={"reader_id": "id"},
    sorts={"name": "readers.name"},
    default_sort="name",
)
shelves = Resource(
    "shelf",
    Shelf,
    ShelfRead,
    summary=ShelfSummary,
    owner="reader_id",
    states={
        "open": frozenset({"paused", "closed"}),
        "paused": frozenset({"open", "closed"}),
        "closed": frozenset(),
    },
    goes_with={"shelf_id": "id", "reader_id": "reader_id"},
    more={"books": lambda: books.nested(order="position")},
    filters=ShelfFilter,
    conditions={
        "title": """EXISTS (SELECT FROM books
            WHERE books.shelf_id = shelves.id AND books.title = %(title)s)"""
    },
    sorts={"name": "shelves.name", "created_at": "shelves.created_at"},
    default_sort="name",
)
books: Resource = Resource(
    "book",
    ShelvedBook,
    BookRead,
    parent=shelves,
    sorts={"position": "books.position"},
    default_sort="position",
)
questions = Resource(
    "question",
    Question,
    QuestionRead,
    parent=shelves,
    sorts={"id": "questions.id"},
    default_sort="id",
)
notes = Resource("note", Note, NoteRead, parent=shelves)
cards = Resource(
    "card",
    Card,
    CardRead,
    owner="reader_id",
    goes_with={"reader_id": "reader_id"},
    sorts={"label": "cards.label"},
    default_sort="label",
)

NEW_READER = New(readers, ReaderCreate)
DELETED_READER = Deleted(readers, is_counted=True)

NEW_SHELF = New(shelves, ShelfCreate)
NEW_SHELVES = New(shelves, ShelfCreate, many=True)
_BOOKS_GIVEN = "json_populate_recordset(NULL::books, %(json)s::json -> 'books') AS given"
NEW_FILLED_SHELF = New(
    shelves,
    FilledShelfCreate,
    values={"book_count": "json_array_length(%(json)s::json -> 'books')"},
    also={
        "added_books": insert(
            books, BookCreate, source=f"added, {_BOOKS_GIVEN}", values={"shelf_id": "added.id"}
        )
    },
    more={"books": books.nested(order="position", source="added_books", on="true")},
)
CHANGED_SHELF = Changed(shelves)
DELETED_SHELF = Deleted(shelves, is_counted=True)
CLOSE_SHELF = Transition(shelves, to="closed")

_QUESTION_ID = "(%(json)s::json ->> 'question_id')::uuid"
_REPLY_ID = "(%(json)s::json ->> 'reply_id')::uuid"
PAUSE_SHELF = Transition(
    shelves,
    Ask,
    to="paused",
    values={"question_count": "shelves.question_count + 1"},
    also={
        "asked": f"""INSERT INTO questions (id, shelf_id, text)
            SELECT {_QUESTION_ID}, changed.id, %(json)s::json ->> 'text' FROM changed"""
    },
    done=f"""EXISTS (SELECT FROM questions
        WHERE questions.shelf_id = shelves.id AND questions.id = {_QUESTION_ID})""",
    other=f"""(SELECT {differing(["text"], "said", "questions")}
        FROM questions, json_populate_record(NULL::questions, %(json)s::json) AS said
        WHERE questions.shelf_id = shelves.id AND questions.id = {_QUESTION_ID})""",
    told={
        "question_id": """(SELECT questions.id FROM questions
            WHERE questions.shelf_id = shelves.id AND questions.answer IS NULL)"""
    },
)
RESUME_SHELF = Transition(
    shelves,
    Reply,
    to="open",
    also={
        "answered": f"""UPDATE questions
            SET answer = %(json)s::json ->> 'answer', reply_id = {_REPLY_ID}
            FROM changed WHERE questions.shelf_id = changed.id AND questions.answer IS NULL"""
    },
    done=f"""EXISTS (SELECT FROM questions
        WHERE questions.shelf_id = shelves.id AND questions.reply_id = {_REPLY_ID})""",
)

NEW_BOOKS = New(
    books,
    BookCreate,
    many=True,
    into_open=True,
    parent_values={"book_count": "shelves.book_count + (SELECT count(*) FROM given)"},
)
NEW_BOOK = New(
    books,
    BookCreate,
    into_open=True,
    parent_values={"book_count": "shelves.book_count + 1"},
)
PUT_NOTE = Put(notes, NoteWrite)
NEW_CARD = New(cards, CardWithDigest)


def statistic(selection: Selection) -> Query:
    """Count the shelves of a selection, and their books."""
    counted = Statement(
        "SELECT json_build_object('shelves', count(*), 'books', sum(shelves.book_count))::text "
        f"FROM shelves WHERE {selection.condition}"
    )
    return counted.query(selection.filters, lambda rows: Row(rows[0][0].encode()))
