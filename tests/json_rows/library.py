"""A stranger's app: the books of a library, in Postgres and over REST."""

from uuid import UUID

from flask import Flask
from sqlmodel import Field, SQLModel

import json_rows
from json_rows import (
    Blueprint,
    Changed,
    Identity,
    Input,
    KeptAnswer,
    New,
    Output,
    Query,
    Resource,
    RowsSettings,
    Selection,
    Timestamps,
    Transition,
    Versioned,
)
from json_rows.statement import table_of
from serverless_postgres.database import Database
from smorest_sqlmodel import Api


class BookBase(SQLModel):
    """What a client says of a book."""

    title: str = Field(min_length=1, max_length=200)
    isbn: str = Field(unique=True, max_length=13)


class Shelved(SQLModel):
    """Where a book is."""

    status: str = "here"


class Book(Shelved, BookBase, Versioned, Timestamps, Identity, table=True):
    """The table of books."""


class BookCreate(Input, BookBase, Identity):
    """A new book."""


class BookChange(Input, BookBase):
    """What a book has become."""


class BookRead(Output, Shelved, BookBase, Versioned, Timestamps, Identity):
    """A book."""


class Answer(KeptAnswer, table=True):
    """The table of answers to requests that may be repeated; each goes with its book."""

    book_id: UUID | None = Field(default=None, foreign_key="book.id", ondelete="CASCADE")


books = Resource(
    "book",
    Book,
    BookRead,
    states={"here": frozenset({"lent", "lost"}), "lent": frozenset({"here"}), "lost": frozenset()},
    goes_with={"book_id": "id"},
    sorts={"title": "book.title"},
    default_sort="title",
)
NEW_BOOK = New(books, BookCreate)
CHANGED_BOOK = Changed(books)
LOSE_BOOK = Transition(books, to="lost")

blueprint = Blueprint("books", __name__, url_prefix="/books")


@blueprint.post("")
@blueprint.arguments(BookCreate)
@blueprint.response(201, BookRead, etag=True, location="get_book")
def add_book(new: BookCreate) -> Query:
    """Add a book."""
    return NEW_BOOK.query(new)


@blueprint.get("")
@blueprint.paginate(books.listing, default_limit=2, max_limit=3)
def list_books() -> Selection:
    """List the books."""
    return books.where()


@blueprint.get("/<uuid:book_id>")
@blueprint.response(200, BookRead, etag=True)
def get_book(book_id: UUID) -> Query:
    """Get a book."""
    return books.get(book_id)


@blueprint.put("/<uuid:book_id>")
@blueprint.arguments(BookChange)
@blueprint.if_match()
@blueprint.response(200, BookRead, etag=True)
def change_book(change: BookChange, book_id: UUID, versions: list[int] | None) -> Query:
    """Change a book."""
    return CHANGED_BOOK.query(book_id, change, versions)


@blueprint.post("/<uuid:book_id>/lose")
@blueprint.response(200, BookRead, etag=True)
def lose_book(book_id: UUID) -> Query:
    """Give a book up."""
    return LOSE_BOOK.query(book_id)


def create_app(settings: RowsSettings) -> Flask:
    """Make the app; its tables are made where they lack."""
    database = Database(settings)
    tables = [table_of(Book), table_of(Answer)]
    SQLModel.metadata.create_all(database.primary.engine, tables=tables)
    app = Flask(__name__)
    app.config.update(API_TITLE="Library", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    app.config["OPENAPI_URL_PREFIX"] = "/"
    json_rows.init_app(app, database, settings, answers=Answer)
    Api(app).register_blueprint(blueprint)
    return app
