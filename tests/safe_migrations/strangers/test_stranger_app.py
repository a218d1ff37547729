"""An application of 15 lines in an empty folder has all of `flask db`, with DATABASE_URL alone."""

import pytest

SQLMODEL = '''
from flask import Flask
from sqlmodel import Field, SQLModel

from safe_migrations import Migrate


class Book(SQLModel, table=True):
    """A book of the library."""

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(description="As on the cover.", index=True)


class Loan(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    book_id: int = Field(foreign_key="book.id")


app = Flask(__name__)
Migrate(app, metadata=SQLModel.metadata)
'''
DECLARATIVE = '''
from flask import Flask
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from safe_migrations import Migrate


class Base(DeclarativeBase):
    pass


class Book(Base):
    """A book of the library."""

    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(index=True, doc="As on the cover.")


class Loan(Base):
    __tablename__ = "loan"
    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))


def create_app():
    app = Flask(__name__)
    Migrate(app, Base)
    return app
'''
NEW = {
    SQLMODEL: ("book_id: int =", "days: int\n    book_id: int ="),
    DECLARATIVE: ("book_id: Mapped[int] =", "days: Mapped[int]\n    book_id: Mapped[int] ="),
}
FILL = """

FILL = Backfill("loan_days", table="loan", set={"days": "14"}, where="days = 0")
"""


@pytest.mark.parametrize("app", [SQLMODEL, DECLARATIVE], ids=["sqlmodel", "declarative"])
def test_every_command_works(app, tmp_path, flask_db, alembic):
    (tmp_path / "app.py").write_text(app, encoding="utf-8")
    folder = tmp_path / "migrations"

    before, made = flask_db("status", "init")
    assert before[0] == 1
    assert "`flask db init` makes one" in before[1]
    assert made == (0, "Made migrations, ready for its first revision.\n")
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["README", "alembic.ini", "env.py", "script.py.mako", "versions"]

    first = flask_db("migrate -m 'Add books'", "lint", "plan", "rehearse", "upgrade", "check")
    assert [code for code, _ in first] == [0] * 6, first
    assert "Nothing unsafe in 1 revision" in first[1][1]
    assert "CREATE TABLE book" in first[2][1]
    assert "Downgrade: ok" in first[3][1]
    assert first[5][1] == "No difference was found.\n"

    (tmp_path / "app.py").write_text(app.replace(*NEW[app]), encoding="utf-8")
    second = flask_db("check", "migrate -m 'Add loan.days'", "upgrade", "status", "docs", "doctor")
    assert [code for code, _ in second] == [2, 0, 0, 0, 0, 0], second
    assert "loan.days" in second[0][1]
    docs = (tmp_path / "docs" / "DATABASE_SCHEMA.md").read_text(encoding="utf-8")
    assert "A book of the library." in docs
    assert "| `title` | varchar | no |  | As on the cover. |" in docs
    assert "| `loan_book_id_fkey` | FOREIGN KEY (book_id) → book (id) |" in docs

    newest = max(folder.glob("versions/*.py"), key=lambda path: path.stat().st_mtime_ns)
    text = newest.read_text(encoding="utf-8")
    text = text.replace(
        "from alembic import op", "from alembic import op\nfrom safe_migrations import Backfill"
    )
    text = text.replace("\n\ndef upgrade", f"{FILL}\n\ndef upgrade", 1)
    newest.write_text(text, encoding="utf-8")
    third = flask_db(
        *("backfill status", "backfill run loan_days", "docs --check", "downgrade", "upgrade"),
        *(
            "rebase --dry-run",
            "squash --dry-run",
            "squash -m 'The library'",
            "status",
            "lint --all",
        ),
    )
    assert [code for code, _ in third] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0], third
    assert "nothing to rebase" in third[5][1]
    assert len(list(folder.glob("versions/*.py"))) == 1

    # The same folder, without `flask`: alembic.ini says whose it is.
    code, said = alembic("-c", "migrations/alembic.ini", "downgrade", "base")
    assert (code, "at no revision" in said) == (0, True), said
    code, said = alembic("-c", "migrations/alembic.ini", "upgrade", "head")
    assert (code, "(head)" in said) == (0, True), said
    assert alembic("-c", "migrations/alembic.ini", "check")[0] == 0
