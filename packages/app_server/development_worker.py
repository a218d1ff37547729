"""Serves an app in the process that a development server starts anew after each change.

It imports nothing of the app before it can tell of a mistake there, which must end neither this
process nor the one that started it.
"""

import os
import sys
import threading
import time
import traceback
from wsgiref.types import WSGIApplication

from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from app_server.target import load

LOOK_EVERY_S = 0.3


def _end_with(parent: int) -> None:
    """Wait for the parent to end, and end as well: also one that was killed, on all systems."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    os._exit(0)


def load_or_explain(name: str) -> WSGIApplication:
    """Load an app; if that fails, make one that answers every request with the reason."""
    try:
        return load(name)
    except Exception as error:  # noqa: BLE001  whatever somebody has just typed
        if detail := getattr(error, "detail", ""):
            # A setting is no fault of the code.
            reason = f"Error: {detail}\n"
            sys.stderr.write(reason)
        else:
            traceback.print_exc()
            reason = "".join(traceback.format_exception_only(error))
        return Response(reason, status=500, mimetype="text/plain")


def main() -> None:
    """Serve on the socket, once the gate is open, for as long as the parent lives."""
    name, host, listener, gate, parent = sys.argv[1:]
    threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    app = load_or_explain(name)
    os.read(int(gate), 1)
    make_server(host, 0, app, threaded=True, fd=int(listener)).serve_forever()


if __name__ == "__main__":
    main()
