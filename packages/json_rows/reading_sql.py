"""SQL taken apart, as far as it takes to tell which tables each query in it names, and under what.

Not a parser of all of SQL: what it does not know well is told as such, so that it can be refused.
Postgres's own (libpg_query) would take 250 ms and 17 MB of each process that serves.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
    (?P<mark>§[^§]*§)
    | (?P<text>[eE]'(?:[^'\\]|\\.|'')*' | (?:[uU]&)?'(?:[^']|'')*')
    | (?P<dollars>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<comment>--[^\n]* | /\*(?:(?!/\*|\*/).)*\*/)
    | (?P<parameter>%\(\w+\)s)
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")+")
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d[\w.]*)
    | (?P<space>\s+)
    | (?P<sign>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_STARTS = frozenset({"select", "insert", "update", "delete", "values", "table", "merge"})
_CLAUSES = {
    "select": "select",
    "from": "from",
    "into": "target",
    "set": "set",
    "where": "where",
    **dict.fromkeys(
        ("group", "having", "window", "order", "limit", "offset", "fetch", "for"), "rest"
    ),
    "values": "select",
    "returning": "returning",
}
_KEYWORDS = frozenset(
    {
        *(*_CLAUSES, *_STARTS, "union", "intersect", "except", "with", "as", "on", "conflict"),
        *("and", "or", "case", "end", "between", "lateral", "join", "only", "using", "distinct"),
    }
)
_NO_ALIAS = frozenset({
    *("on", "join", "left", "right", "full", "inner", "cross", "natural", "using", "lateral"),
    *("where", "set", "select", "values", "default", "overriding", "tablesample", "only", "as"),
})  # fmt: skip
_BEFORE_TABLE = frozenset({"from", "join", "only", ",", "table", "into", "update", "using", ""})


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What stands between parentheses, or between two semicolons."""

    items: "list[str | Block]" = field(default_factory=list)

    @property
    def is_query(self) -> bool:
        """Tell whether it is a query, or holds some in parentheses."""
        first = self.items[0] if self.items else ""
        return isinstance(first, Block) or first in {*_STARTS, "with"}


Items = Sequence[str | Block]


@dataclass(frozen=True, slots=True)
class Relation:
    """What a query reads or writes: a table or a CTE by its name, "" for what has none.

    `query` is a query in parentheses that stands there.
    """

    name: str
    alias: str
    is_target: bool = False
    query: Block | None = None


def name_of(written: str) -> str:
    """Read a name as Postgres does, without its schema: in lower case, unless it is quoted."""
    last: str = ["", *re.findall(r'"(?:[^"]|"")+"|[^."]+', written)][-1]
    return last[1:-1].replace('""', '"') if last.startswith('"') else last.lower()


def blocks(sql: str) -> list[Block]:
    """Take SQL apart: a block for each statement. Raises ValueError where parentheses don't fit."""
    stack = [Block()]
    done = [stack[0]]
    for word in _tokens(sql):
        if word == "(":
            inner = Block()
            stack[-1].items.append(inner)
            stack.append(inner)
        elif word == ")":
            stack.pop()
            if not stack:
                break
        elif word == ";" and len(stack) == 1:
            stack = [Block()]
            done.append(stack[0])
        else:
            stack[-1].items.append(word)
    if len(stack) != 1:
        message = "its parentheses don't fit"
        raise ValueError(message)
    return [block for block in done if block.items]


def _tokens(sql: str) -> Iterator[str]:
    """Yield words in lower case, quoted names in their quotes, and all else as it is."""
    before, last = "", ""
    for found in _TOKEN.finditer(sql):
        kind, word = found.lastgroup, found[0]
        if before + word in {"/*", "*/"}:
            message = "it has a comment in a comment, or half of one"
            raise ValueError(message)
        before = word
        if kind in {"space", "comment"}:
            continue
        if kind == "quoted" and not word.startswith('"'):
            message = "it has a name in escapes"
            raise ValueError(message)
        if kind == "word":
            # What stands behind a dot is a name, whatever it means elsewhere.
            word = word.lower()
            word = f'"{word}"' if last == "." and word in _KEYWORDS else word
        last = "''" if kind in {"text", "dollars"} else word
        yield last


class Arm:
    """One query of a block, of those that UNION and the like join: its clauses and relations."""

    def __init__(self, items: Items) -> None:
        head = next(
            (at for at, item in enumerate(items) if isinstance(item, str) and item in _STARTS), 0
        )
        self.items = items
        self.verb = items[head] if items and isinstance(items[head], str) else ""
        self.clauses: dict[str, list[str | Block]] = {}
        self._read(items[head:])
        self.relations = [
            *_relations(self.clauses.get("target", []), is_target=True),
            *_relations(self.clauses.get("from", []), is_target=self.verb == "delete"),
        ]

    def _read(self, items: Items) -> None:
        clause = "target" if self.verb in {"update", "table", "merge"} else ""
        for at, item in enumerate(items):
            word = item if isinstance(item, str) else ""
            is_comparison = word == "from" and _words(items[max(at - 3, 0) : at])[-2:] in (
                ["is", "distinct"],
                ["not", "distinct"],
            )
            if word == "on" and items[at + 1 : at + 2] == ["conflict"]:
                clause = "conflict"
            elif word == "returning" or (
                clause != "conflict" and word in _CLAUSES and not is_comparison
            ):
                clause = _CLAUSES[word]
                continue
            self.clauses.setdefault(clause, []).append(item)

    def conjuncts(self, clause: str = "where") -> list[Items]:
        """Split a condition at its ANDs: all of these must hold. None where an OR is among them."""
        items = _without_cases(self.clauses.get(clause, []))
        return [] if "or" in items else split(items, "and")

    def listed(self, clause: str) -> list[Items]:
        """Split a clause at its commas."""
        return split(self.clauses.get(clause, []), ",")


def arms(block: Block) -> list[Arm]:
    """Take a block apart at UNION, INTERSECT and EXCEPT."""
    found: list[list[str | Block]] = [[]]
    for item in block.items:
        if item in ("union", "intersect", "except"):
            found.append([])
        else:
            found[-1].append(item)
    return [Arm(items) for items in found]


def ctes(block: Block) -> dict[str, Block]:
    """Find the CTEs of a block, by name."""
    if not block.items or block.items[0] != "with":
        return {}
    found: dict[str, Block] = {}
    name = ""
    for before, item in zip(block.items, block.items[1:], strict=False):
        if isinstance(item, str) and item in _STARTS:
            break
        if isinstance(item, str) and before in ("with", "recursive", ","):
            name = name_of(item)
        elif isinstance(item, Block) and before in ("as", "materialized"):
            found[name] = item
    return found


def split(items: Items, separator: str) -> list[Items]:
    """Split at a separator."""
    parts: list[list[str | Block]] = [[]]
    for item in items:
        if item == separator:
            parts.append([])
        else:
            parts[-1].append(item)
    return [part for part in parts if part]


def inner(items: Items) -> Iterator[Block]:
    """Yield the blocks inside of a block, not those inside of these."""
    return (item for item in items if isinstance(item, Block))


def text_of(items: Items) -> str:
    """Write an expression without spaces: `books.shelf_id=shelves.id`; what is inner is ()."""
    return "".join("()" if isinstance(item, Block) else item for item in items)


def _words(items: Items) -> list[str]:
    return [item if isinstance(item, str) else "()" for item in items]


def _without_cases(items: Items) -> list[str | Block]:
    """Leave out what stands in CASE and between BETWEEN and its AND: these ANDs join nothing."""
    kept: list[str | Block] = []
    depth, is_between = 0, False
    for item in items:
        depth += item == "case"
        if not depth:
            is_between |= item == "between"
            if is_between and item == "and":
                is_between = False
                continue
            kept.append(item)
        elif item == "end":
            depth -= 1
            kept.append("''")
    return kept


def _relations(items: Items, *, is_target: bool = False) -> list[Relation]:
    """Find what a FROM or a target names, each with the name by which the query knows it."""
    found: list[Relation] = []
    before, at = "", 0
    while at < len(items):
        item = items[at]
        at += 1
        if item == "lateral" or before not in _BEFORE_TABLE or item in _BEFORE_TABLE:
            before = before if item == "lateral" else _words([item])[0]
            continue
        before = "()"
        if isinstance(item, Block) and not item.is_query:
            found += _relations(item.items)  # tables that are joined in parentheses
            continue
        name, query = ("", item) if isinstance(item, Block) else (item, None)
        while items[at : at + 1] == ["."]:
            name, at = str(items[at + 1]), at + 2
        following = items[at : at + 1]
        if not is_target and following and isinstance(following[0], Block):
            name = ""  # a function's rows
        alias = _alias(items[at:]) or name
        found.append(Relation(name_of(name), name_of(alias), is_target and not found, query))
    return found


def _alias(items: Items) -> str:
    """Find the alias behind a table or a function's rows."""
    for item in items[:4]:
        if isinstance(item, Block) or item in {"*", "as"}:
            continue
        return "" if item in _NO_ALIAS or not re.match(r'[^\W\d]|"', item) else item
    return ""
