"""A stranger's app with owners: readers, their shelves with books and questions, their cards."""

from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from flask import Flask, request
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel
from uuid_utils.compat import uuid7

import json_rows
from json_rows import (
    Asker,
    Blueprint,
    Changed,
    Deleted,
    Identity,
    Input,
    KeptAnswer,
    New,
    Output,
    Put,
    Query,
    Resource,
    RowsSettings,
    Selection,
    Statement,
    Step,
    Timestamps,
    Versioned,
)
from json_rows.inserting import insert
from json_rows.statement import Row
from serverless_postgres.database import Database
from json_rows.work import unit_of_work
from smorest_sqlmodel import Api
from smorest_sqlmodel.documentation import LOCATION

READER = "Reader"


class Stored(SQLModel):
    """A table of this app: not among those of others."""

    metadata = MetaData()


class ReaderBase(SQLModel):
    """What a client says of a reader."""

    name: str = Field(unique=True, max_length=100)


class Reader(Stored, ReaderBase, Versioned, Identity, table=True):
    """The table of readers."""

    __tablename__ = "readers"


class ReaderCreate(Input, ReaderBase, Identity):
    """A new reader."""


class ReaderRead(Output, ReaderBase, Versioned, Identity):
    """A reader."""


class ShelfBase(SQLModel):
    """What a client says of a shelf."""

    reader_id: UUID = Field(foreign_key="readers.id", ondelete="CASCADE", index=True)
    name: str = Field(min_length=1, max_length=100)
    beside_id: UUID | None = Field(default=None, foreign_key="shelves.id", ondelete="SET NULL")


class ShelfStanding(SQLModel):
    """How a shelf stands."""

    status: str = "open"
    book_count: int = 0
    question_count: int = 0


class Shelf(Stored, ShelfStanding, ShelfBase, Versioned, Timestamps, Identity, table=True):
    """The table of shelves."""

    __tablename__ = "shelves"


class BookBase(SQLModel):
    """What a client says of a book."""

    position: int
    title: str = Field(max_length=200)


class ShelvedBook(Stored, BookBase, Identity, table=True):
    """The table of books."""

    __tablename__ = "books"
    shelf_id: UUID = Field(foreign_key="shelves.id", ondelete="CASCADE", index=True)
    beside_id: UUID | None = Field(default=None, foreign_key="books.id", ondelete="SET NULL")


class BookCreate(Input, BookBase, Identity):
    """A new book."""

    beside_id: UUID | None = None


class BookRead(Output, BookBase, Identity):
    """A book."""

    shelf_id: UUID


class ShelfCreate(Input, ShelfBase, Identity):
    """A new shelf."""


class FilledShelfCreate(ShelfCreate):
    """A new shelf with its books."""

    books: list[BookCreate] = Field(max_length=1000)


class ShelfChange(Input):
    """What changes of a shelf."""

    name: str = Field(default="", min_length=1, max_length=100)
    beside_id: UUID | None = None


class ShelfSummary(Output, ShelfStanding, ShelfBase, Versioned, Identity):
    """A shelf as lists show it."""


class ShelfRead(ShelfSummary):
    """A shelf with its books."""

    books: list[BookRead]


class ShelfFilter(SQLModel):
    """Which shelves a list has."""

    status: str | None = None
    reader_id: UUID | None = None
    title: str | None = None


class Question(Stored, Identity, table=True):
    """The table of questions."""

    __tablename__ = "questions"
    shelf_id: UUID = Field(foreign_key="shelves.id", ondelete="CASCADE", index=True)
    text: str
    answer: str | None = None
    reply_id: UUID | None = None


class QuestionRead(Output, Identity):
    """A question."""

    shelf_id: UUID
    text: str
    answer: str | None


class Ask(Input):
    """A question, at which a shelf pauses."""

    question_id: UUID = Field(default_factory=uuid7)
    text: str


class Reply(Input):
    """An answer, with which a shelf goes on."""

    reply_id: UUID = Field(default_factory=uuid7)
    answer: str


class Note(Stored, Timestamps, table=True):
    """The table of notes, one for each shelf that has one."""

    __tablename__ = "notes"
    shelf_id: UUID = Field(primary_key=True, foreign_key="shelves.id", ondelete="CASCADE")
    text: str


class NoteWrite(Input):
    """A note."""

    text: str


class NoteRead(Output):
    """A note."""

    shelf_id: UUID
    text: str


class Card(Stored, Identity, table=True):
    """The table of cards; of the secret it has the digest."""

    __tablename__ = "cards"
    reader_id: UUID = Field(foreign_key="readers.id", ondelete="CASCADE", index=True)
    label: str
    secret: str


class CardCreate(Input, Identity):
    """A new card; its secret is the service's."""

    reader_id: UUID
    label: str
    secret: str = Field(default_factory=lambda: f"secret-{token_urlsafe()}")


class CardRead(Output, Identity):
    """A card; its secret is there once."""

    reader_id: UUID
    label: str
    secret: str | None


class ReaderAnswer(Stored, KeptAnswer, table=True):
    """The table of kept answers: each goes with its reader, and with its shelf if it has one."""

    __tablename__ = "reader_answers"
    reader_id: UUID | None = Field(
        default=None, foreign_key="readers.id", ondelete="CASCADE", index=True
    )
    shelf_id: UUID | None = Field(
        default=None, foreign_key="shelves.id", ondelete="CASCADE", index=True
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
books = Resource(
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
    more={"secret": "NULL::text"},
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
CLOSE_SHELF = Step(shelves, to="closed")

_QUESTION_ID = "(%(json)s::json ->> 'question_id')::uuid"
_REPLY_ID = "(%(json)s::json ->> 'reply_id')::uuid"
PAUSE_SHELF = Step(
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
)
RESUME_SHELF = Step(
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
NEW_CARD, NEW_CARDS = (
    New(
        cards,
        CardCreate,
        many=is_many,
        values={"secret": "encode(sha256(given.secret::bytea), 'hex')"},
        more={"secret": "(SELECT given.secret FROM given WHERE given.id = added.id)"},
        changing=frozenset({"secret"}),
        is_shown_once=True,
    )
    for is_many in (False, True)
)


def statistic(selection: Selection) -> Query:
    """Count the shelves of a selection, and their books."""
    counted = Statement(
        "SELECT json_build_object('shelves', count(*), 'books', sum(shelves.book_count))::text "
        f"FROM shelves WHERE {selection.condition}"
    )
    return counted.query(selection.filters, lambda rows: Row(rows[0][0].encode()))


blueprint = Blueprint("shelves", __name__, url_prefix="/")


@blueprint.post("/readers")
@blueprint.arguments(ReaderCreate)
@blueprint.response(201, ReaderRead, etag=True)
def add_reader(new: ReaderCreate) -> Query:
    """Add a reader."""
    return NEW_READER.query(new)


@blueprint.get("/readers")
@blueprint.paginate(readers.listing)
def list_readers() -> Selection:
    """List readers."""
    return readers.where()


@blueprint.get("/readers/<uuid:reader_id>")
@blueprint.response(200, ReaderRead, etag=True)
def get_reader(reader_id: UUID) -> Query:
    """Get a reader."""
    return readers.get(reader_id)


@blueprint.delete("/readers/<uuid:reader_id>")
@blueprint.response(200, dict[str, int | None])
def delete_reader(reader_id: UUID) -> Query:
    """Delete a reader, with all that is theirs."""
    return DELETED_READER.query(reader_id)


@blueprint.post("/shelves")
@blueprint.arguments(ShelfCreate)
@blueprint.response(201, ShelfRead, etag=True, headers={"Location": LOCATION})
def add_shelf(new: ShelfCreate) -> tuple[Query, dict[str, str]]:
    """Put up a shelf."""
    return NEW_SHELF.query(new), {"Location": f"/shelves/{new.id}"}


@blueprint.post("/shelves/many")
@blueprint.arguments(list[ShelfCreate])
@blueprint.response(201, list[ShelfRead])
def add_shelves(new: list[ShelfCreate]) -> Query:
    """Put up shelves."""
    return NEW_SHELVES.query(new)


@blueprint.post("/shelves/filled")
@blueprint.arguments(FilledShelfCreate)
@blueprint.response(201, ShelfRead, etag=True)
def add_filled_shelf(new: FilledShelfCreate) -> Query:
    """Put up a shelf with its books."""
    return NEW_FILLED_SHELF.query(new)


@blueprint.get("/shelves")
@blueprint.arguments(ShelfFilter, location="query")
@blueprint.paginate(shelves.listing, default_limit=2)
def list_shelves(filters: ShelfFilter) -> Selection:
    """List shelves."""
    return shelves.where(filters)


@blueprint.get("/shelves/statistic")
@blueprint.arguments(ShelfFilter, location="query")
@blueprint.response(200, dict[str, int | None])
def count_shelves(filters: ShelfFilter) -> Query:
    """Count shelves and books."""
    return statistic(shelves.where(filters))


@blueprint.get("/shelves/<uuid:shelf_id>")
@blueprint.response(200, ShelfRead, etag=True)
def get_shelf(shelf_id: UUID) -> Query:
    """Get a shelf with its books."""
    return shelves.get(shelf_id)


@blueprint.patch("/shelves/<uuid:shelf_id>")
@blueprint.arguments(ShelfChange)
@blueprint.if_match()
@blueprint.response(200, ShelfSummary, etag=True)
def change_shelf(change: ShelfChange, shelf_id: UUID, versions: list[int] | None) -> Query:
    """Change a shelf."""
    return CHANGED_SHELF.query(shelf_id, change, versions)


@blueprint.delete("/shelves/<uuid:shelf_id>")
@blueprint.if_match(required=False)
@blueprint.response(200, dict[str, int | None])
def delete_shelf(shelf_id: UUID, versions: list[int] | None) -> Query:
    """Delete a shelf."""
    return DELETED_SHELF.query(shelf_id, versions)


@blueprint.post("/shelves/<uuid:shelf_id>/pause")
@blueprint.arguments(Ask)
@blueprint.response(200, ShelfSummary, etag=True)
def pause_shelf(ask: Ask, shelf_id: UUID) -> Query:
    """Ask something; the shelf pauses."""
    return PAUSE_SHELF.query(shelf_id, ask)


@blueprint.post("/shelves/<uuid:shelf_id>/resume")
@blueprint.arguments(Reply)
@blueprint.response(200, ShelfSummary, etag=True)
def resume_shelf(reply: Reply, shelf_id: UUID) -> Query:
    """Answer; the shelf goes on."""
    return RESUME_SHELF.query(shelf_id, reply)


@blueprint.post("/shelves/<uuid:shelf_id>/close")
@blueprint.response(200, ShelfSummary, etag=True)
def close_shelf(shelf_id: UUID) -> Query:
    """Close a shelf."""
    return CLOSE_SHELF.query(shelf_id)


@blueprint.put("/shelves/<uuid:shelf_id>/note")
@blueprint.arguments(NoteWrite)
@blueprint.response(200, NoteRead)
def put_note(note: NoteWrite, shelf_id: UUID) -> Query:
    """Put a note on a shelf."""
    return PUT_NOTE.query(shelf_id, note)


@blueprint.get("/shelves/<uuid:shelf_id>/questions")
@blueprint.paginate(questions.listing)
def list_questions(shelf_id: UUID) -> Selection:
    """List the questions of a shelf."""
    return questions.within(shelf_id)


@blueprint.get("/shelves/<uuid:shelf_id>/books")
@blueprint.paginate(books.listing)
def list_books(shelf_id: UUID) -> Selection:
    """List the books of a shelf."""
    return books.within(shelf_id)


@blueprint.post("/shelves/<uuid:shelf_id>/books")
@blueprint.arguments(BookCreate)
@blueprint.response(201, BookRead)
def add_book(new: BookCreate, shelf_id: UUID) -> Query:
    """Add a book."""
    return NEW_BOOK.query(new, shelf_id)


@blueprint.post("/shelves/<uuid:shelf_id>/books/many")
@blueprint.arguments(list[BookCreate])
@blueprint.response(201, list[BookRead])
def add_books(new: list[BookCreate], shelf_id: UUID) -> Query:
    """Add books."""
    return NEW_BOOKS.query(new, shelf_id)


@blueprint.get("/books/<uuid:book_id>")
@blueprint.response(200, BookRead, etag=True)
def get_book(book_id: UUID) -> Query:
    """Get a book."""
    return books.get(book_id)


@blueprint.post("/cards")
@blueprint.arguments(CardCreate)
@blueprint.response(201, CardRead)
def add_card(new: CardCreate) -> Query:
    """Make a card."""
    return NEW_CARD.query(new)


@blueprint.post("/cards/many")
@blueprint.arguments(list[CardCreate])
@blueprint.response(201, list[CardRead])
def add_cards(new: list[CardCreate]) -> Query:
    """Make cards."""
    return NEW_CARDS.query(new)


@blueprint.post("/cards/after-a-look")
@blueprint.arguments(CardCreate)
@blueprint.response(201, CardRead)
def add_card_after_a_look(new: CardCreate) -> Query:
    """Make a card, if its reader is there."""
    unit_of_work().run(readers.get(new.reader_id))
    return NEW_CARD.query(new)


@blueprint.get("/cards/<uuid:card_id>")
@blueprint.response(200, CardRead)
def get_card(card_id: UUID) -> Query:
    """Get a card."""
    return cards.get(card_id)


def who_asks() -> Asker:
    """Read who asks; nobody in particular without a header."""
    told = request.headers.get(READER)
    return Asker(told, UUID(told)) if told else Asker("anybody")


def create_app(settings: RowsSettings, asker: Any = who_asks) -> Flask:
    """Make the app; its tables are made where they lack."""
    database = Database(settings)
    Stored.metadata.create_all(database.primary.engine)
    app = Flask(__name__)
    app.config.update(API_TITLE="Shelves", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    json_rows.init_app(app, database, settings, answers=ReaderAnswer, asker=asker)
    Api(app).register_blueprint(blueprint)
    return app
