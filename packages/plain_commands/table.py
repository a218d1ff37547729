"""Tables for people to read in a terminal."""

from collections.abc import Iterable, Sequence

_GAP = "  "


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> str:
    """Write rows below headings; the column `right` is flush right, no cell is cut or wrapped.

    A letter may be two columns wide, as in Korean. What a terminal would act upon is a `?`.
    """
    from rich.cells import cell_len  # noqa: PLC0415  heavy

    lines = [list(headings), *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]

    def padded(cell: str, heading: str, width: int) -> str:
        padding = " " * (width - cell_len(cell))
        return padding + cell if heading == right else cell + padding

    return "\n".join(_GAP.join(map(padded, line, headings, widths)).rstrip() for line in lines)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
