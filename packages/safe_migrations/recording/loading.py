"""Reads a folder of revisions for a look at them: one that can't be imported does not stop it."""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from typing_extensions import override

from safe_migrations.recording.guard import EndsProcessError, guarded
from safe_migrations.recording.recorder import line_of
from safe_migrations.revisions import Revision, stated
from safe_migrations.statements import Remark


class Directory(ScriptDirectory):
    """Alembic's folder of revisions, with what there is to say of their imports."""

    remarks: dict[Path, list[Remark]]

    @override
    def _load_revisions(self) -> Iterator[Script]:
        self.remarks = {}
        seen = set()
        for folder in self._version_locations:
            for found in Script._list_py_dir(self, folder) if folder.exists() else ():  # noqa: SLF001
                path = found.resolve()
                if path not in seen:
                    seen.add(path)
                    yield from self._load(path)

    def _load(self, path: Path) -> Iterator[Script]:
        remarks: dict[Remark, None] = {}

        def tell(what: str) -> None:
            remarks[Remark("side-effect", _running_line(path), f"when it is imported {what}")] = (
                None
            )

        script, why, line = None, "", 0
        with guarded(tell, path.parent.parent), redirect_stdout(sys.stderr):
            try:
                script = Script._from_path(self, path)  # noqa: SLF001
            except SyntaxError as error:
                why, line = f"SyntaxError: {error.msg}", error.lineno or 0
            except (Exception, SystemExit, EndsProcessError) as error:  # noqa: BLE001  anything
                said = " ".join(str(error).split()).rstrip(".")
                why, line = f"{type(error).__name__}: {said}"[:300], line_of(error, str(path))
        if script is not None and not hasattr(script.module, "upgrade"):
            why = "it has no upgrade()"
        if why:
            remarks[Remark("cannot-be-imported", line, why)] = None
            script = script or self._stand_in(path)
        if remarks:
            self.remarks[path] = list(remarks)
        if script is not None:
            yield script

    def _stand_in(self, path: Path) -> Script | None:
        """Make a revision of what the file says about itself."""
        found: Revision | None = stated(path)
        if found is None:
            return None
        module = ModuleType(path.stem)
        module.__doc__ = found.title
        module.__file__ = str(path)
        vars(module).update(
            revision=found.id,
            down_revision=found.down or None,
            depends_on=found.depends_on or None,
            branch_labels=found.labels or None,
        )
        return Script(module, found.id, path)


def open_leniently(config: Config) -> Directory:
    """Open the folder of a configuration."""
    made: Any = ScriptDirectory.from_config(config)
    # `from_config` makes none of a subclass.
    made.__class__ = Directory
    made.revision_map = RevisionMap(made._load_revisions)  # noqa: SLF001  as its own constructor
    opened: Directory = made
    return opened


def _running_line(path: Path) -> int:
    frame = sys._getframe(1)  # noqa: SLF001  as inspect does, but without reading files
    while frame is not None:
        if frame.f_code.co_filename == str(path):
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return 0
