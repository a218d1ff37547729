"""The tables of readers, their shelves with books and questions, and their cards."""

from uuid import UUID

from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel
from uuid_utils.compat import uuid7

from json_rows import Identity, Input, KeptAnswer, Output, Timestamps, Versioned


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


class CardCreate(Input, Identity):
    """A new card; its secret is the service's."""

    reader_id: UUID
    label: str


class CardWithDigest(CardCreate):
    """A new card as the database is told of it."""

    digest: str


class Card(Stored, Identity, table=True):
    """The table of cards; of the secret it has the digest."""

    __tablename__ = "cards"
    reader_id: UUID = Field(foreign_key="readers.id", ondelete="CASCADE", index=True)
    label: str
    digest: str


class CardRead(Output, Identity):
    """A card."""

    reader_id: UUID
    label: str


class ReaderAnswer(Stored, KeptAnswer, table=True):
    """The table of kept answers: each goes with its reader, and with its shelf if it has one."""

    __tablename__ = "reader_answers"
    reader_id: UUID | None = Field(
        default=None, foreign_key="readers.id", ondelete="CASCADE", index=True
    )
    shelf_id: UUID | None = Field(
        default=None, foreign_key="shelves.id", ondelete="CASCADE", index=True
    )
