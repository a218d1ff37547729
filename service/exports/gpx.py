"""Plans as GPX 1.1, which navigation devices read."""

from xml.etree.ElementTree import Element, SubElement, tostring

from service.exports.geojson import position_of
from service.exports.plan import Plan, hours_of
from service.exports.texts import lines, one_line
from service.models.itinerary_item import ItemRead

MEDIA_TYPE = "application/gpx+xml"

_NAMESPACE = "http://www.topografix.com/GPX/1/1"


def gpx(plan: Plan) -> bytes:
    """Write a plan as a route of places; the description says how many have no coordinates."""
    root = Element("gpx", version="1.1", creator="trip planner", xmlns=_NAMESPACE)
    placed = [item for item in plan.items if position_of(item)]
    about = SubElement(root, "metadata")
    _say(about, "name", one_line(plan.title))
    if missing := len(plan.items) - len(placed):
        _say(about, "desc", f"{missing} of {len(plan.items)} items have no coordinates.")
    _say(about, "time", plan.made_at.isoformat().replace("+00:00", "Z"))
    for item in placed:
        _point(root, "wpt", item)
    if placed:
        route = SubElement(root, "rte")
        _say(route, "name", one_line(plan.title))
        for item in placed:
            _point(route, "rtept", item)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _point(parent: Element, tag: str, item: ItemRead) -> None:
    """Add a point; what it says stands in the order of the schema."""
    place = item.place
    point = SubElement(parent, tag, lat=f"{place.latitude:f}", lon=f"{place.longitude:f}")
    _say(point, "name", one_line(place.name))
    _say(point, "cmt", hours_of(item))
    told = [text for text in (place.address, place.phone, item.notes) if text]
    if told:
        _say(point, "desc", lines("\n".join(told)))
    if place.url:
        SubElement(point, "link", href=one_line(place.url))
    _say(point, "type", item.category.value)


def _say(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text
