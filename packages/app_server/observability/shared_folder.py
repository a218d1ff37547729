"""The folder through which the worker processes of one server share their metrics.

Each process counts in files of its own, which prometheus-client maps into memory; whoever is asked
for the metrics adds up those of all. A process that ends must not take its counts with it, as a
counter that falls looks like a restart to Prometheus; so they are moved to a common file.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from typing_extensions import override

from plain_commands.errors import ConfigurationError

_FILE = re.compile(r"(counter|histogram|gauge_\w+)_(\d+)\.db")
_RETIRED = 0
"""In place of a process id: what processes counted that have ended."""
_FIRST_BYTES = 1 << 16
_LONGEST_HEAD = 64
"""More than what a value takes beside its key."""
_WAY_OUT = "Set PROMETHEUS_MULTIPROC_DIR to a folder of the service's own, or METRICS=off."


def unusable(path: Path, error: OSError) -> ConfigurationError:
    """Say why metrics can't be kept in a folder, and what to do."""
    return ConfigurationError(f"Metrics can't be kept in {path}: {error.strerror}. {_WAY_OUT}")


def default_folder(name: str) -> Path:
    """Find or make the folder of this server: its workers have one parent, other servers another.

    `name` is the service's: services don't look after each other's folders.

    Others may take names in the temporary folder, so that only a folder counts that is ours; where
    the name is taken it gets one that can't be known before. Folders of servers that are gone are
    removed. Raises ConfigurationError when there is no temporary folder that can be written to.
    """
    try:
        place = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        message = (
            f"There is no place to keep metrics in, as there is no temporary folder. {_WAY_OUT}"
        )
        raise ConfigurationError(message) from error
    start = f"{re.sub(r'[^A-Za-z0-9-]', '-', name)}-metrics-{os.getuid()}"
    of_parent = re.compile(rf"{start}-(\d+)(?:-\w+)?", re.ASCII)
    found = []
    for folder in place.glob(f"{start}-*"):
        parent = of_parent.fullmatch(folder.name)
        if parent is None or not _is_private(folder):
            continue
        # A container that shares the place has process ids of its own: the locks count, too.
        if not _is_running(int(parent[1])) and not any(map(_is_locked, folder.glob("*.alive"))):
            shutil.rmtree(folder, ignore_errors=True)
        elif int(parent[1]) == os.getppid():
            found.append(folder)
    return min(found) if found else _make(place, f"{start}-{os.getppid()}")


def _make(place: Path, name: str) -> Path:
    folder = place / name
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Another worker was faster, or somebody else has taken it.
        return folder if _is_private(folder) else Path(tempfile.mkdtemp("", f"{name}-", place))
    except OSError as error:
        raise unusable(folder, error) from error
    return folder


def _is_private(folder: Path) -> bool:
    """Tell whether a folder is ours, and nobody else's to look at or write into."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return is_ours and not found.st_mode & 0o077


class Counts(MmapedDict):
    """A file of counts that has its room on the disk before anybody writes to it.

    The library leaves holes in it. Where the disk has no room for one, the kernel ends the process
    that writes there (SIGBUS); this raises OSError.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:  # noqa: FBT001, FBT002  the library's
        if not read_mode:
            with open(filename, "ab") as file:  # noqa: PTH123  as the library does
                if file.tell() == 0:
                    _reserve(file, _FIRST_BYTES)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    @override
    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + _LONGEST_HEAD > self._capacity:
            _reserve(self._f, 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _reserve(file: Any, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)


class SharedFolder:
    """A folder with the files `<kind>_<process id>.db` and, locked while it lives, `<id>.alive`."""

    def __init__(self, path: Path) -> None:
        """Make the folder; ConfigurationError when it can't be made, or others may write there."""
        self.path = path
        self._process = 0
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode) or found.st_uid != os.getuid():
                raise PermissionError(1, "It belongs to somebody else")
            if found.st_mode & 0o022:
                raise PermissionError(1, "Others may write there (chmod go-w ends that)")
            (path / "lock").touch()
        except OSError as error:
            raise unusable(path, error) from error

    def enter(self) -> None:
        """Show that this process lives, for as long as it does; move what the dead have left."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        with self._locked(fcntl.LOCK_EX):
            self._alive = (self.path / f"{os.getpid()}.alive").open("w")
            fcntl.flock(self._alive, fcntl.LOCK_EX)
            self._retire()

    def living(self) -> set[int]:
        """Tell the ids of the processes that share the folder now."""
        return {int(file.stem) for file in self.path.glob("*.alive") if _is_locked(file)}

    def collect(self) -> Iterable[Metric]:
        """Add up what all processes count; of the gauges, those of the living."""
        with self._locked(fcntl.LOCK_SH):
            living = self.living()
            files = [
                str(self.path / name)
                for name, kind, process in self._files()
                if process in living or not kind.startswith("gauge")
            ]
            metrics: Iterable[Metric] = MultiProcessCollector.merge(files)
            return metrics

    def _files(self) -> Iterator[tuple[str, str, int]]:
        for path in self.path.iterdir():
            name = path.name
            if found := _FILE.fullmatch(name):
                yield name, found[1], int(found[2])

    def _retire(self) -> None:
        living = self.living()
        dead = [item for item in self._files() if item[2] not in living and item[2] != _RETIRED]
        for kind in ("counter", "histogram"):
            names = [name for name, its_kind, _ in dead if its_kind == kind]
            if names:
                self._merge(kind, names)
        for name, _, process in dead:
            (self.path / name).unlink()
            (self.path / f"{process}.alive").unlink(missing_ok=True)

    def _merge(self, kind: str, names: list[str]) -> None:
        retired = self.path / f"{kind}_{_RETIRED}.db"
        files = [str(self.path / name) for name in names]
        if retired.exists():
            files.append(str(retired))
        merged = MultiProcessCollector.merge(files, accumulate=False)
        new = retired.with_suffix(".new")
        new.unlink(missing_ok=True)
        values: Any = Counts(str(new))
        for metric in merged:
            for sample in metric.samples:
                labels = sample.labels
                key = mmap_key(
                    metric.name, sample.name, labels.keys(), labels.values(), metric.documentation
                )
                values.write_value(key, sample.value, 0.0)
        values.close()
        new.rename(retired)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        # Opened anew: the lock belongs to what was opened, and threads would share it.
        with (self.path / "lock").open() as lock:
            fcntl.flock(lock, how)
            yield


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_locked(file: Path) -> bool:
    """Tell whether a process holds the lock of a file; the kernel lets it go when it ends."""
    try:
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
