"""How Postgres tells what a program writes from what others write, such as an older one.

Not by application_name: a pooler in transaction mode leaves a client that has none with that of
the client before (seen: PgBouncer 1.18). So each statement says it of itself, or its transaction.
"""


class Mark:
    """The mark of one program, in SQL."""

    def __init__(self, application: str) -> None:
        """Take its name: letters, digits, `-` and `_`."""
        self.comment = f"/* {application} */ "
        """What a statement begins with."""
        self.setting = f"{application.replace('-', '_')}.writes"
        """A parameter that is `on` in a transaction that can't choose each of its statements."""
        self.set_local = f"SET LOCAL {self.setting} = 'on'"
        """What such a transaction begins with."""
        self.is_ours = f"""
            starts_with(current_query(), '{self.comment.strip()}')
            OR coalesce(current_setting('{self.setting}', true), '') = 'on'
        """
        """Whether the running statement is marked."""
