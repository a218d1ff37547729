"""One spelling for each path: what a proxy's fence knows by its name has no other one.

Where a name or a text ends a path (`<path:...>`) it may be written in any way that means it, as
clients differ in what they encode.
"""

import re

from flask import request
from werkzeug.exceptions import NotFound

_ENCODED = (
    # Letters, digits, - . _ ~ need no encoding (RFC 3986, 2.3); / and \ part segments.
    r"%(?!3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|2[def]|5[cf]|7e)[0-9a-f]{2}"
)
_SEGMENT = rf"/(?!\.\.?(?:/|\Z))(?:[^/%\\#\x00-\x20\x7f]|{_ENCODED})+"
_CANONICAL = re.compile(rf"(?:{_SEGMENT})*/?", re.IGNORECASE)

_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


def check() -> None:
    """Raise NotFound for a path in another spelling than its own.

    How it was sent, servers say in REQUEST_URI or RAW_URI. Of those that don't, only the decoded
    path is seen: empty segments and the like, but not what was encoded.
    """
    environ = request.environ
    sent: str | None = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if sent is not None:
        # RFC 9112, 3.2.2: a server takes a whole URL as well.
        path = _AUTHORITY.sub("", sent, count=1) if sent[:1] != "/" else sent
        path = path.partition("?")[0].removeprefix(environ.get("SCRIPT_NAME", "")) or "/"
    else:
        path = environ["PATH_INFO"].replace("%", "%25")
    rule = request.url_rule.rule if request.url_rule else ""
    fixed, is_open, _ = rule.partition("<path:")
    if is_open:
        # As many segments as come before the text, if they are there.
        *before, text = path.split("/", fixed.count("/"))
        path = "/".join(before) if len(before) == fixed.count("/") else text
    if not _CANONICAL.fullmatch(path):
        raise NotFound
