"""All rows of a selection, however many: page after page, in memory that one page takes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from json_rows.listing import Page, Selection, cut
from json_rows.unit_of_work import UnitOfWork

ROWS_AT_ONCE = 1000


def stream(
    selection: Selection,
    work: UnitOfWork,
    *,
    fields: Sequence[str] | None = None,
    sort: str | None = None,
) -> Iterator[bytes]:
    """Yield rows as JSON in UTF-8, with the usual members or those of `fields`.

    Each page is a query of its own that begins after the last row of the one before: no transaction
    stays open meanwhile, so that a pooler and a sleeping database don't mind, and a lost connection
    costs one page. Rows that come, go or move meanwhile are seen as of their page's time.
    """
    listing = selection.listing
    order = sort or listing.default_sort
    page = Page(ROWS_AT_ONCE, order, tuple(fields or listing.light), None)
    while True:
        items = cut(work.fetch(selection.query(page)), page)
        yield from items.items
        if items.next_cursor is None:
            return
        page = replace(page, cursor=items.next_cursor)
