"""The import of the predecessor's rows, and the adoption of its tables where they stand.

| step | module |
|---|---|
| open a file, tell its revision, stream its rows | `sqlite_file` (with `sqlite_table`) |
| the same of tables in Postgres | `postgres_tables` (with `..._columns`, `..._fetching`) |
| open another database, to read such tables | `postgres_database` |
| convert a row | `converter`, and for each table `users` ... `generations` |
| convert its id, its values, its times, its JSON | `keys`, `values`, `times`, `json_text` |
| COPY the rows into temporary tables | `staging` |
| leave there what is to be written: new, with a parent, with a free name | `settling` |
| write that, and count it in its workflow | `writing` |
| say what became of each row | `report` |
| all of that, in one transaction | `importing` |
| find the tables that can be adopted, and what stands around them | `in_place`, `surroundings` |
| move them aside, and bring their rows in | `adoption` (with `aside`) |
"""

from service.sqlite_import.importing import Progress, import_rows
from service.sqlite_import.postgres_database import open_database
from service.sqlite_import.postgres_tables import open_tables
from service.sqlite_import.report import Report, TableReport
from service.sqlite_import.sqlite_file import open_file

__all__ = [
    "Progress",
    "Report",
    "TableReport",
    "import_rows",
    "open_database",
    "open_file",
    "open_tables",
]
