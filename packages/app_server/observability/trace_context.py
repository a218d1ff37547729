"""Which trace a request belongs to: W3C Trace Context, with or without OpenTelemetry."""

import random
import re
from dataclasses import dataclass

# https://www.w3.org/TR/trace-context/ 3.2. A later version may go on after a further dash (4.3).
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID_VERSION = "ff"
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The span that a request is a part of; ids in hexadecimal."""

    trace_id: str
    span_id: str
    flags: int


def read_traceparent(header: str) -> TraceParent | None:
    """Read the header `traceparent`; None for what has to be ignored."""
    found = _TRACEPARENT.fullmatch(header)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _INVALID_VERSION or (version == "00" and more):
        return None
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceParent(trace_id, span_id, int(flags, 16))


def new_id() -> str:
    """Draw an id of 32 hexadecimal digits, for a trace or a request: unique, but no secret."""
    return f"{random.getrandbits(128):032x}"
