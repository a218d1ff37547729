"""The database: its URL, the engine, the embedded server, statements and errors."""
