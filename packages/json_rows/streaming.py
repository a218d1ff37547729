"""All rows of a selection, however many: page after page, in memory that one page takes."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace

from json_rows.listing import Page, Selection, cut
from json_rows.searches import place_for_search
from json_rows.unit_of_work import UnitOfWork

ROWS_AT_ONCE = 1000

LONGEST_WAIT_S = 60.0
"""How long a page waits for its turn, where many search at the same time."""


def stream(
    selection: Selection,
    work: UnitOfWork,
    *,
    fields: Sequence[str] | None = None,
    sort: str | None = None,
) -> Iterator[bytes]:
    """Yield rows as JSON in UTF-8, with the usual members or those of `fields`.

    Each page is a query of its own that begins after the last row of the one before, and nothing of
    the database is held between them: a pooler and a sleeping database don't mind, a slow client
    keeps nobody waiting, and a lost connection costs one page. Rows that come, go or move meanwhile
    are seen as of their page's time. Pages that no index answers wait for their turn, but for the
    first one: OverloadedError.
    """
    listing = selection.listing
    order = sort or listing.default_sort
    page = Page(ROWS_AT_ONCE, order, tuple(fields or listing.light), None)
    wait_s = 0.0
    while True:
        is_search = selection.is_search(page)
        with place_for_search(work.database, wait_s) if is_search else nullcontext():
            items = cut(work.fetch(selection.query(page)), page)
        work.rest()
        cursor = items.next_cursor
        # Taken out one by one: of two pages, one has gone before the other is there.
        items.items.reverse()
        while items.items:
            yield items.items.pop()
        if cursor is None:
            return
        page = replace(page, cursor=cursor)
        wait_s = LONGEST_WAIT_S
