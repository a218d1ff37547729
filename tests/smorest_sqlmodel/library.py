"""A library's books and loans: a stranger's app, without a database."""

from uuid import UUID, uuid4

from flask import Flask
from pydantic import BaseModel
from sqlmodel import Field, SQLModel

from smorest_sqlmodel import Api, Blueprint, ConflictError

books = Blueprint("books", __name__, url_prefix="/books")


class Book(SQLModel):
    id: UUID = Field(default_factory=uuid4)
    title: str = Field(min_length=1, description="As it is printed.")


class Loan(BaseModel):
    reader: str
    days: int = 14


@books.post("")
@books.arguments(Book)
@books.response(201, Book)
def add_book(book: Book) -> Book:
    """Add a book."""
    return app.extensions["books"].setdefault(book.id, book)


@books.put("/<uuid:book_id>/loan")
@books.arguments(Loan)
@books.response(200, Loan, etag=True)
@books.alt_response(409, description="Somebody has it.")
def lend_book(loan: Loan, book_id: UUID) -> Loan:
    """Lend a book."""
    lent = app.extensions["loans"].setdefault(book_id, loan)
    if lent != loan:
        message = f"{lent.reader} has it for {lent.days} days."
        raise ConflictError(message)
    return lent


app = Flask(__name__)
app.config.update(API_TITLE="Library", API_VERSION="1", OPENAPI_VERSION="3.1.0")
app.config.update(OPENAPI_URL_PREFIX="/", OPENAPI_JSON_PATH="openapi.json")
app.extensions.update(books={}, loans={})
Api(app).register_blueprint(books)
