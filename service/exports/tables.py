"""Rows as tables: CSV (RFC 4180), which spreadsheets open, and JSON Lines."""

import csv
import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from io import StringIO

CSV = "text/csv; charset=utf-8"
JSON_LINES = "application/jsonl"

BOM = "\ufeff"
"""What Excel knows UTF-8 by."""

_FORMULA = re.compile(
    "[\\s\"'\\0\u200b-\u200f\u2060\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]"
)
"""How a text begins that a spreadsheet takes for a formula: by itself, or once it is trimmed."""

_read = json.JSONDecoder().raw_decode

Lines = Generator[bytes, None, None]


def csv_lines(rows: Iterable[bytes], names: Sequence[str], *, has_bom: bool = False) -> Lines:
    r"""Write rows, each a JSON object with these members in this order, as lines of CSV.

    Numbers and nested JSON stand there as Postgres writes them, null is empty, and a text that a
    spreadsheet would take for a formula begins with `'`. Lines end with \r\n.
    """
    text = StringIO(newline="")
    write = csv.writer(text, lineterminator="\r\n").writerow
    text.write(BOM if has_bom else "")
    write(names)
    yield _taken_out(text)
    for row in rows:
        write([*_cells(row.decode())])
        yield _taken_out(text)


def json_lines(rows: Iterable[bytes]) -> Lines:
    """Write rows as JSON Lines."""
    for row in rows:
        yield row + b"\n"


def _taken_out(text: StringIO) -> bytes:
    line = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return line


def _cells(row: str) -> Iterator[str]:
    """Write the members of an object of `row_to_json`, which has no blanks between them."""
    at = 1
    while row[at] != "}":
        _, at = _read(row, at)
        begin = at + 1
        value, at = _read(row, begin)
        if isinstance(value, str):
            yield f"'{value}" if _FORMULA.match(value) else value
        else:
            yield "" if value is None else row[begin:at]
        at += row[at] == ","
