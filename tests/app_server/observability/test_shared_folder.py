"""The folder of the metrics: processes that come, end, are killed; and folders of others."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from app_server.observability.shared_folder import Counts, SharedFolder, default_folder
from plain_commands.errors import ConfigurationError
from service.settings import ROOT

# A process that counts as often as it is told, and forks when told so.
PROCESS = """
import os, sys
from pathlib import Path
from app_server.observability.exchange import Exchange
from app_server.observability.metrics import Metrics

metrics = Metrics(Path(sys.argv[1]))

def count(times):
    for _ in range(times):
        exchange = Exchange({"REQUEST_METHOD": "GET"})
        metrics.begin(exchange)
        exchange.answer("200 OK", [])
        metrics.end(exchange)

for line in sys.stdin:
    word, number = (line.split() + ["0"])[:2]
    if word == "fork":
        child = os.fork()
        if child == 0:
            count(int(number))
            os.kill(os.getpid(), 9)
        os.waitpid(child, 0)
    elif word == "begin":
        metrics.begin(Exchange({"REQUEST_METHOD": "GET"}))
        metrics.sample()
    else:
        count(int(number))
    print(os.getpid(), flush=True)
"""


class Process:
    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, what: str) -> None:
        """Have it do something, and wait until that is done."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        assert int(self._process.stdout.readline()) == self._process.pid

    def end(self, how: signal.Signals | None = None) -> None:
        """Let it end, or kill it."""
        if how is not None:
            self._process.send_signal(how)
        self._process.communicate()


@pytest.fixture
def start(tmp_path):
    """Start processes that count in one folder."""
    started = []

    def start():
        started.append(Process(tmp_path / "metrics"))
        return started[-1]

    yield start
    for process in started:
        process.end(signal.SIGKILL)


def read(folder: SharedFolder) -> dict[str, float]:
    """Read what all of them count."""
    return {
        sample.name: sample.value
        for metric in folder.collect()
        for sample in metric.samples
        if sample.name in {"http_requests_total", "http_requests_in_flight"}
        or sample.name.endswith("duration_seconds_count")
    }


def test_what_was_counted_outlives_who_counted_it(start, tmp_path):
    one, two = start(), start()
    one.do("count 3")
    two.do("count 4")
    two.do("begin")
    folder = SharedFolder(tmp_path / "metrics")
    assert read(folder)["http_requests_total"] == 7
    assert read(folder)["http_requests_in_flight"] == 1
    one.end()
    two.end(signal.SIGKILL)
    # A gauge of the dead is no more.
    assert read(folder) == {"http_requests_total": 7, "http_request_duration_seconds_count": 7}
    for _ in range(3):
        process = start()
        process.do("count 1")
        process.end(signal.SIGKILL)
    assert read(folder)["http_requests_total"] == 10
    assert read(folder)["http_request_duration_seconds_count"] == 10
    # What the dead have left does not pile up.
    assert len(list((tmp_path / "metrics").glob("counter_*.db"))) == 2


def test_a_process_that_forks_counts_and_lives_apart_from_its_child(start, tmp_path):
    process = start()
    process.do("count 1")
    process.do("fork 5")
    process.do("count 1")
    folder = SharedFolder(tmp_path / "metrics")
    assert read(folder)["http_requests_total"] == 7
    assert len(folder.living()) == 1


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The system's temporary folder, and one in which processes count already."""
    place = tmp_path / "tmp"
    place.mkdir()
    place.chmod(0o1777)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(place))
    return place


NAME = f"trip-planner-metrics-{os.getuid()}-"


def test_folders_of_servers_that_are_gone_are_removed(place, tmp_path, start):
    own = default_folder("trip-planner")
    assert own == place / f"{NAME}{os.getppid()}"
    gone, gone_too = place / f"{NAME}99999999", place / f"{NAME}99999999-a_b0"
    others, odd = place / "somebody-else-99999999", place / f"{NAME}99999999x"
    for folder in (gone, gone_too, others, odd):
        folder.mkdir(mode=0o700)
    # One whose processes have ids of another container.
    start().do("count 1")
    used = place / f"{NAME}999999999"
    (tmp_path / "metrics").rename(used)
    assert default_folder("trip-planner") == own
    assert not gone.exists()
    assert not gone_too.exists()
    assert all(folder.exists() for folder in (own, others, odd, used))


def test_workers_of_one_server_share_a_folder_also_when_its_name_is_taken(place):
    # Looser than ours are, which is as good as somebody else's.
    (place / f"{NAME}{os.getppid()}").mkdir(mode=0o755)
    own = default_folder("trip-planner")
    assert own.name.startswith(f"{NAME}{os.getppid()}-")
    assert own.stat().st_mode & 0o077 == 0
    SharedFolder(own)
    assert default_folder("trip-planner") == own


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a moment")
@pytest.mark.parametrize(
    "taken",
    [
        f"os.mkdir('{NAME}{os.getppid()}', 0o777)",
        f"os.mkdir('x', 0o700); os.symlink('x', '{NAME}{os.getppid()}')",
        f"os.symlink('/etc', '{NAME}{os.getppid()}')",
        f"open('{NAME}{os.getppid()}', 'w')",
        # Who opens it waits for who writes there.
        f"os.mkdir('{NAME}99999999', 0o777); os.mkfifo('{NAME}99999999/1.alive')",
    ],
    ids=["folder", "link", "link elsewhere", "file", "pipe"],
)
def test_another_user_can_neither_stop_a_server_nor_get_at_its_folder(place, taken):
    place.parent.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.setuid(65534); os.umask(0); {taken}"],
        cwd=place,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    before = set(place.iterdir())
    assert before
    folder = SharedFolder(default_folder("trip-planner"))
    assert folder.path not in before
    assert folder.path.lstat().st_uid == 0
    assert folder.path.lstat().st_mode & 0o777 == 0o700
    assert default_folder("trip-planner") == folder.path
    # What is somebody else's is left alone.
    assert before <= set(place.iterdir())


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(ConfigurationError, match="belongs to somebody else"):
        SharedFolder(tmp_path / "link")


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757, 0o1777])
def test_a_folder_into_which_others_may_write_is_refused_with_the_way_out(tmp_path, mode):
    folder = tmp_path / "metrics"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(
        ConfigurationError, match=r"Others may write there \(chmod go-w.*METRICS=off"
    ):
        SharedFolder(folder)
    assert list(folder.iterdir()) == []
    folder.chmod(0o755)
    SharedFolder(folder)


def test_without_a_temporary_folder_the_way_out_is_told(monkeypatch):
    def none():
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(ConfigurationError, match=r"no temporary folder.*METRICS=off"):
        default_folder("trip-planner")


def test_a_full_disk_ends_no_process_that_counts(start, tmp_path):
    # Where a file has a hole that the disk has no room for, who writes there is ended by SIGBUS.
    process = start()
    process.do("count 1")
    files = list((tmp_path / "metrics").glob("*.db"))
    assert files
    for file in files:
        assert file.stat().st_blocks * 512 >= file.stat().st_size, file
    with closing(Counts(str(tmp_path / "counter_1.db"))) as counts:
        for number in range(3000):
            counts.write_value(f"a key with the number {number}", 1, 0)
    grown = (tmp_path / "counter_1.db").stat()
    assert grown.st_blocks * 512 >= grown.st_size > 100_000


def test_a_disk_that_is_full_at_the_start_is_told_of(tmp_path):
    refusing = "import errno, os; os.posix_fallocate = lambda *_: os.open('/dev/full/', 0)\n"
    code = "from pathlib import Path\nfrom app_server.observability.metrics import metrics_in\n"
    code += "metrics_in(Path(sys.argv[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{refusing}{code}", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert f"ConfigurationError: Metrics can't be kept in {tmp_path}: Not a dir" in ended.stderr


def test_the_folder_can_be_read_by_its_owner_only(tmp_path):
    folder = tmp_path / "deep" / "metrics"
    SharedFolder(folder)
    assert folder.stat().st_mode & 0o077 == 0
