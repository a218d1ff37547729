"""A plan that is to leave as something else: what one version of an itinerary says."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from service.exports.texts import clock, one_line
from service.models.itinerary_item import ItemRead, Leg
from smorest_sqlmodel.errors import ConflictError


class Plan(BaseModel):
    """What a version says, and when it was made.

    What of it may be shown is for whoever makes a plan: exports write all that it holds.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: str
    plan_date: date | None = None
    timezone: str
    made_at: datetime
    items: list[ItemRead]

    @property
    def day(self) -> date:
        """The day on which it begins; ConflictError where it has none."""
        if self.plan_date is None:
            message = "The itinerary has no plan_date: give it one, so that its items have a time."
            raise ConflictError(message)
        return self.plan_date

    def when(self, item: ItemRead) -> tuple[datetime, datetime]:
        """Tell when an item begins and ends, in UTC; ConflictError where that has no date.

        A time that the clock skips is as much later, and of one that it shows twice the second one
        is meant, as Postgres has it (`AT TIME ZONE`).
        """
        try:
            midnight = datetime.combine(self.day, time())
            shown = midnight + timedelta(minutes=item.start_minute)
            zone = ZoneInfo(self.timezone)
            offsets = [shown.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
            start = (shown - min(offset or timedelta() for offset in offsets)).replace(tzinfo=UTC)
            return start, start + timedelta(minutes=item.duration_minutes)
        except OverflowError as error:
            message = f"No calendar has the days after {self.plan_date}: change the plan_date."
            raise ConflictError(message) from error


def hours_of(item: ItemRead) -> str:
    """Write from when until when an item lasts, on the clock: `23:30` to `24:30`."""
    end = item.start_minute + item.duration_minutes
    return f"{clock(item.start_minute)}–{clock(end)}"  # noqa: RUF001  an en dash is meant


def way_on(leg: Leg, text: Callable[[str], str] = one_line) -> str:
    """Write in a line how people get on; `text` writes what somebody has typed."""
    facts = [
        leg.method.value.replace("_", " "),
        f"{leg.minutes} min" if leg.minutes is not None else "",
        f"{leg.distance_m} m" if leg.distance_m is not None else "",
        text(leg.description or ""),
    ]
    return "→ " + ", ".join(fact for fact in facts if fact)
