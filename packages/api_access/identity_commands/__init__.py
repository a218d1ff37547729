"""The commands `identities link` and `unlink`, for whoever has the database."""
