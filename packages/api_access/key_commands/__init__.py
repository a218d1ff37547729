"""The commands `keys create`, `list`, `revoke` and `rotate`, for whoever has the database."""
