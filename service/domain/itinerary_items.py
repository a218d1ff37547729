"""The items of a plan, as clients give them: in which order they are, and their SQL."""

from collections.abc import Sequence

from service.models.itinerary_item import ItemWrite
from smorest_sqlmodel.errors import FieldError, InvalidInputError

COLUMNS = (
    *("item_id", "position", "category", "start_minute", "duration_minutes"),
    *("place", "notes", "leg"),
)
"""What a version says of an item."""

_TYPES = "item_id uuid, position int, category text, start_minute int, duration_minutes int, "
_TYPES += "place jsonb, notes text, leg jsonb"


def in_order(items: Sequence[ItemWrite], at: str = "/items") -> list[ItemWrite]:
    """Put items into their order and say of each its position.

    Those without a position are in the order in which they are given. `at` points to them in the
    body. Raises InvalidInputError where positions have gaps or come twice, where some have one and
    some don't, or where an id comes twice.
    """
    count = len(items)
    placed = any(item.position is not None for item in items)
    errors, positions, ids = [], set(), set()
    for index, item in enumerate(items):
        if placed and (item.position is None or item.position > count):
            message = f"must be 1 to {count}, without gaps, or be left out of all items"
            errors.append(FieldError("body", f"{at}/{index}/position", "gap", message))
        elif placed and item.position in positions:
            message = f"is {item.position}, as that of another item"
            errors.append(FieldError("body", f"{at}/{index}/position", "repeated", message))
        if item.item_id in ids:
            message = "is that of another item, too"
            errors.append(FieldError("body", f"{at}/{index}/item_id", "repeated", message))
        positions.add(item.position)
        ids.add(item.item_id)
    if errors:
        message = "The items of a plan have an id of their own each, and positions without gaps."
        raise InvalidInputError(message, errors=errors)
    ordered = sorted(items, key=lambda item: item.position or 0) if placed else items
    return [
        item.model_copy(update={"position": position}) for position, item in enumerate(ordered, 1)
    ]


def rows_of(json: str) -> str:
    """Write the items of a JSON array as rows `item`, to stand in FROM."""
    return f"jsonb_to_recordset({json}) AS item({_TYPES})"


def columns_of(source: str) -> str:
    """Write the columns of items, of a source."""
    return ", ".join(f"{source}.{name}" for name in COLUMNS)
