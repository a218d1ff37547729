"""The import of the SQLite predecessor's file.

| step | module |
|---|---|
| open the file, tell its revision | `source` |
| stream the rows of a table, be it one of SQLite's odder kinds | `table` |
| convert a row | `converter`, and for each table `users` ... `generations` |
| convert its id, its values, its times, its JSON | `keys`, `values`, `times`, `json_text` |
| COPY the rows into temporary tables | `staging` |
| leave there what is to be written: new, with a parent, with a free name | `settling` |
| write that, and count it in its workflow | `writing` |
| say what became of each row | `report` |
"""

from service.domain.sqlite_import.report import Report, TableReport
from service.domain.sqlite_import.run import Progress, import_file

__all__ = ["Progress", "Report", "TableReport", "import_file"]
