"""Plans as Markdown (CommonMark), in which texts stay texts."""

import re

from service.exports.plan import Plan, hours_of, way_on
from service.exports.texts import lines, one_line
from service.models.itinerary_item import ItemRead

MEDIA_TYPE = "text/markdown; charset=utf-8"

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SPECIAL = re.compile(r"([\\`*_\[\]{}|~#!$^])")
_FIRST = re.compile(r"^(\s*)([-+=:]|\d{1,9}(?=[.)]))")
_ADDRESS = re.compile(r"(?<=[a-z]):(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)
"""What some renderers make links of by themselves."""


def markdown(plan: Plan) -> bytes:
    """Write a plan as a heading and a list: for each item its place, its notes and the way on."""
    day = f"{plan.plan_date.isoformat()}, " if plan.plan_date else ""
    parts = [f"# {text_of(plan.title)}", f"{day}{text_of(plan.timezone)}"]
    parts += [_item(item) for item in plan.items]
    return ("\n\n".join(parts) + "\n").encode()


def text_of(text: str) -> str:
    """Write a text on one line so that nothing of it is markup, HTML or a link."""
    escaped = _SPECIAL.sub(r"\\\1", one_line(text).translate(_ENTITIES))
    escaped = _ADDRESS.sub(lambda found: f"\\{found[0]}", escaped)
    return _FIRST.sub(_escape_first, escaped)


def _escape_first(found: re.Match[str]) -> str:
    """Keep a line from beginning a list, a heading or a rule."""
    blanks, first = found.groups()
    return f"{blanks}{first}\\" if first.isdigit() else f"{blanks}\\{first}"


def _item(item: ItemRead) -> str:
    place = item.place
    said = [f"- **{hours_of(item)}** {text_of(place.name)} ({item.category.value})"]
    said += [text_of(text) for text in (place.address, place.phone) if text]
    if place.url:
        said.append(f"<{_safe_url(place.url)}>")
    said += [text_of(line) for line in lines(item.notes or "").split("\n") if line.strip()]
    if item.leg:
        said.append(way_on(item.leg, text_of))
    # Two blanks: within the same item of the list, on a line of its own.
    return "  \n  ".join(said)


def _safe_url(url: str) -> str:
    """Write an address, of which the model says that it is http or https, between < and >."""
    return one_line(url).replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C")
