"""Serves the app in the process that `flask dev` starts anew after each change.

It imports nothing of the service before it can tell of a mistake there: that must end neither this
process nor `flask dev`.
"""

import os
import sys
import threading
import time
import traceback
from importlib import import_module
from typing import cast
from wsgiref.types import WSGIApplication

from werkzeug.serving import make_server
from werkzeug.wrappers import Response

LOOK_EVERY_S = 0.3


def _end_with(parent: int) -> None:
    """Wait for the parent to end, and end as well: also one that was killed, on all systems."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    os._exit(0)


def load() -> WSGIApplication:
    """Make the app; if that fails, one that answers every request with the reason."""
    try:
        return cast("WSGIApplication", import_module("service.app").create_app())
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
    host, listener, gate, parent = sys.argv[1:]
    threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    app = load()
    os.read(int(gate), 1)
    make_server(host, 0, app, threaded=True, fd=int(listener)).serve_forever()


if __name__ == "__main__":
    main()
