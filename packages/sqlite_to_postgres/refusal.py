"""Why a row can't be imported."""


class RefusedError(Exception):
    """A row can't be imported; the message says why, and is reported with the row's id."""
