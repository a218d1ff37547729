"""Numbers as people read them, and names as SQL wants them."""

_KIB = 1024
_THOUSAND = 1000
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_TWO_MINUTES_S, _TWO_HOURS_S, _TWO_DAYS_S = 2 * _MINUTE_S, 2 * _HOUR_S, 2 * _DAY_S


def size(count: float) -> str:
    """Write bytes: `512 B`, `1.5 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _KIB:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} TiB"


def number(count: float | None) -> str:
    """Write a number with its thousands apart; nothing for one that is not known."""
    return "" if count is None else f"{count:,.0f}"


def share(part: float | None) -> str:
    """Write a part of 1 in percent; nothing for one that is not known."""
    return "" if part is None else f"{part:.1%}"


def milliseconds(duration_ms: float) -> str:
    """Write a short time: `0.31 ms`, `1.2 s`, or as `seconds` does."""
    if duration_ms < _THOUSAND:
        return f"{duration_ms:.2f} ms"
    duration_s = duration_ms / _THOUSAND
    return f"{duration_s:.1f} s" if duration_s < _TWO_MINUTES_S else seconds(duration_s)


def seconds(duration_s: float | None) -> str:
    """Write a time in its largest unit: `90 s`, `5 min`, `3 h`, `12 days`."""
    if duration_s is None:
        return ""
    if duration_s < _TWO_MINUTES_S:
        return f"{duration_s:.0f} s"
    if duration_s < _TWO_HOURS_S:
        return f"{duration_s / _MINUTE_S:.0f} min"
    if duration_s < _TWO_DAYS_S:
        return f"{duration_s / _HOUR_S:.0f} h"
    return f"{duration_s / _DAY_S:.0f} days"


def ago(duration_s: float | None) -> str:
    """Write how long ago something was, `never` if it was not."""
    return "never" if duration_s is None else f"{seconds(duration_s)} ago"


def quoted(name: str) -> str:
    """Write a name as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'
