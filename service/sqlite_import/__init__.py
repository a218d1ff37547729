"""The import of the predecessor's rows, and the adoption of its tables where they stand.

What does not know of trips is in the libraries `sqlite_to_postgres` and `safe_migrations.adoption`.

| what | module |
|---|---|
| know the predecessor's tables, whoever holds them | `predecessor` |
| open them, in a file or a database | `trip_sources` |
| convert a row of each | `users`, `workflows`, `nodes`, `generations`, `itineraries` |
| settle names that are taken | `user_names` |
| write the rows, and count them in their workflow | `trip_tables` |
| all of that, in one transaction | `trip_import` |
"""

from service.sqlite_import.trip_import import import_rows
from service.sqlite_import.trip_sources import open_database, open_file, open_tables

__all__ = ["import_rows", "open_database", "open_file", "open_tables"]
