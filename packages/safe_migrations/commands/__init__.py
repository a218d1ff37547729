"""`flask db`: the commands that ship schema changes, one file per command or family of them."""
