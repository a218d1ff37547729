"""A stranger's app with owners: readers, their shelves and their cards over REST."""

from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from flask import Flask, request

import json_rows
from json_rows import Asker, Blueprint, Query, RowsSettings, Selection
from json_rows.work import unit_of_work
from serverless_postgres.database import Database
from smorest_sqlmodel import Api
from tests.json_rows import clubs_app
from tests.json_rows.shelf_models import (
    Ask,
    BookCreate,
    BookRead,
    CardCreate,
    CardRead,
    CardWithDigest,
    FilledShelfCreate,
    NoteRead,
    NoteWrite,
    ReaderAnswer,
    ReaderCreate,
    ReaderRead,
    Reply,
    ShelfChange,
    ShelfCreate,
    ShelfFilter,
    ShelfRead,
    ShelfSummary,
    Stored,
)
from tests.json_rows.shelves import (
    CHANGED_SHELF,
    CLOSE_SHELF,
    DELETED_READER,
    DELETED_SHELF,
    NEW_BOOK,
    NEW_BOOKS,
    NEW_CARD,
    NEW_FILLED_SHELF,
    NEW_READER,
    NEW_SHELF,
    NEW_SHELVES,
    PAUSE_SHELF,
    PUT_NOTE,
    RESUME_SHELF,
    books,
    cards,
    questions,
    readers,
    shelves,
    statistic,
)

READER = "Reader"

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
@blueprint.response(201, ShelfRead, etag=True, location="get_shelf")
def add_shelf(new: ShelfCreate) -> Query:
    """Put up a shelf."""
    return NEW_SHELF.query(new)


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


def new_card(new: CardCreate) -> Query:
    """Make up a secret, of which the database is told the digest."""
    secret = f"secret-{token_urlsafe()}"
    card = CardWithDigest(**new.model_dump(), digest=sha256(secret.encode()).hexdigest())
    return NEW_CARD.query(card, shown_once={"secret": secret})


@blueprint.post("/cards")
@blueprint.arguments(CardCreate)
@blueprint.response(201, CardRead)
def add_card(new: CardCreate) -> Query:
    """Make a card."""
    return new_card(new)


@blueprint.post("/cards/after-a-look")
@blueprint.arguments(CardCreate)
@blueprint.response(201, CardRead)
def add_card_after_a_look(new: CardCreate) -> Query:
    """Make a card, if its reader is there."""
    unit_of_work().run(readers.get(new.reader_id))
    return new_card(new)


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
    api = Api(app)
    api.register_blueprint(blueprint)
    api.register_blueprint(clubs_app.blueprint)
    return app
