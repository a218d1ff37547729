"""Blueprints that are no plain API of rows: pages, a feed, a stream, and what is always fresh."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Response, stream_with_context

from json_rows import Blueprint, Query, Selection
from json_rows.work import unit_of_work
from smorest_sqlmodel import NotFoundError


def closed() -> None:
    message = "The library is closed."
    raise NotFoundError(message)


def make_pages(library: Any) -> Blueprint:
    """Make what people look at: neither guarded nor in the document, and not JSON."""
    pages = Blueprint("pages", __name__, transaction=False, reads_replica=False)

    @pages.get("/")
    def show_shelf() -> Response:
        """Show the titles, page after page of the database, in a unit of work of its own."""
        rows = unit_of_work().execute("SELECT title FROM book ORDER BY title")
        text = "".join(f"<li>{title}</li>" for (title,) in rows)
        return Response(f"<ul>{text}</ul>", headers={"Content-Security-Policy": "default-src *"})

    @pages.post("/books.html")
    def add_by_form() -> Response:
        """Add a book, and commit it or not."""
        work = unit_of_work()
        work.begin()
        work.run(library.NEW_BOOK.query(library.BookCreate(title="Emma", isbn="1")))
        work.commit()
        work.begin()
        work.run(library.NEW_BOOK.query(library.BookCreate(title="Ulysses", isbn="2")))
        return Response("", 303, headers={"Location": "/"})

    @pages.get("/lines")
    def stream() -> Response:
        """Send what needs no database."""
        return Response((f"{n}\n" for n in range(3)), content_type="text/plain")

    @pages.errorhandler(NotFoundError)
    def lost(error: NotFoundError) -> tuple[str, int]:
        return f"<p>{error.detail}</p>", 404

    @pages.get("/lost")
    def lose() -> str:
        """Raise what an API would tell as a problem."""
        closed()
        return ""

    _add_export(pages)
    return pages


def _add_export(pages: Blueprint) -> None:
    @pages.get("/titles")
    def export() -> Response:
        """Send titles one by one, each asked for when the one before has been taken."""

        def rows() -> Iterator[str]:
            work, last = unit_of_work(), ""
            work.begin()
            ask = "SELECT title FROM book WHERE title > %(last)s ORDER BY title LIMIT 1"
            while found := work.execute(ask, {"last": last}):
                last = found[0][0]
                yield f"{last}\n"

        return Response(stream_with_context(rows()), content_type="text/plain")


def make_feed(library: Any) -> Blueprint:
    """Make what anybody may read of the books, as the API writes it."""
    feed = Blueprint("feed", __name__, url_prefix="/feed", transaction=False)

    @feed.get("")
    @feed.paginate(library.books.listing, default_limit=2)
    def list_news() -> Selection:
        """List what is new.

        For anybody.
        """
        return library.books.where()

    @feed.post("/<uuid:book_id>/lose")
    @feed.response(200, library.BookRead, etag=True)
    def lose(book_id: UUID) -> Query:
        """Give a book up.

        For anybody.
        """
        return library.LOSE_BOOK.query(book_id)

    return feed


def make_fresh(library: Any) -> Blueprint:
    """Make what has to be shown as it is now, to whoever asks."""
    fresh = Blueprint("fresh", __name__, url_prefix="/fresh", reads_replica=False)

    @fresh.get("/<uuid:book_id>")
    @fresh.response(200, library.BookRead)
    def get_fresh(book_id: UUID) -> Query:
        """Get a book as it is now."""
        return library.books.get(book_id)

    return fresh
