"""The guides: whatever they show is carried out, in their order, on a copy of the project.

| block | what is done with it |
|---|---|
| `sh` | run by bash; a command fails unless its line ends with `# exits with N` |
| `text` | output: its lines must be found, in this order, in that of the block before it |
| `sql` | run by psql on the copy's database |
| `diff` | applied by `git apply` |
| `python` after `<!-- functions of GLOB -->` | written into that one revision instead of its own |
| `python` after `<!-- from FILE -->` | looked for in that file |
| `sh` after `<!-- on a branch -->` | run with a stand-in for Neon's API, and leaves no branch |
| `sh` after `<!-- on Neon -->` | the same, but what is made stays, and all URLs are the copy's |
| any after `<!-- not run: REASON -->` | left out; the reasons are `REASONS` |

Where a guide calls the service, `flask dev` serves the copy meanwhile. A guide goes on with a new
copy, whose schema is at the head, after `<!-- a fresh copy -->`.

Numbers and ids in outputs may differ, and so may the width of spaces.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from service.settings import ROOT
from tests.neon_api import KEY, PARENT, PROJECT, FakeNeon

GUIDES = (
    "README.md",
    "docs/ALEMBIC_GUIDE.md",
    "docs/DATABASE_GUIDE.md",
    "docs/DEPLOYMENT.md",
    "docs/FROM_THE_PROTOTYPE.md",
    "docs/NEON.md",
    "docs/OBSERVABILITY.md",
    "SECURITY.md",
)
SERVICE = "127.0.0.1:8000"
FRESH_COPY = "<!-- a fresh copy -->"
REASONS = {
    "needs a Neon account",
    "needs a collector",
    "needs a log",
    "needs Docker",
    "needs pg_stat_statements",
    "needs a file of the predecessor",
    "serves until it is stopped",
    "takes minutes",
}
CARRIED_OUT = {"sh", "sql", "diff", "python", "text"}
# Blocks that only show something.
SHOWN = {"", "http", "json", "yaml", "ini", "dotenv", "mermaid", "nginx"}

_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_EXIT = re.compile(r"^(?P<command>.*?)\s+# exits with (?P<code>\d)\b.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a guide; `note` is the comment right before it."""

    line: int
    language: str
    body: str
    note: str

    @property
    def left_out(self) -> str | None:
        """Why it is not carried out, if it says so."""
        said, _, reason = self.note.partition(": ")
        return reason if said == "not run" else None


def blocks(text: str) -> Iterator[Block]:
    """Read the blocks of a guide."""
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("body"))
        yield Block(line, match["language"], match["body"], match["note"] or "")


def checked_exits(script: str) -> str:
    """Make bash compare a command's exit code with what the comment beside it says."""
    return _EXIT.sub(
        r'code=0; \g<command> || code=$?; [ "$code" = \g<code> ] || '
        r"{ echo exit code $code instead of \g<code>; exit 99; }",
        script,
    )


def comparable(text: str) -> list[str]:
    """Write lines without what differs from run to run."""
    # Of tables without rows there are no blocks.
    text = text.replace("nothing yet of the", "0% of the")
    text = re.sub(r"\b(?=\w*\d)[0-9a-f]{12}\b", "ID", text)
    text = re.sub(r"\d+(?:[.,:-]\d+)*", "N", text)
    # On a busy machine, what takes milliseconds takes a second.
    text = re.sub(r"\bN ms\b", "N s", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def missing_line(expected: str, output: str) -> str | None:
    """Return the first line that is not in the output, in the order of the guide."""
    came = iter(comparable(output))
    for line in comparable(expected):
        if not any(line in item for item in came):
            return line
    return None


def carry_out(block: Block, project, output: str, neon: FakeNeon) -> str:
    """Do what a block shows, given the output so far, and return its output."""
    if block.language == "text":
        line = missing_line(block.body, output)
        assert line is None, f"{line!r} does not come out of this:\n{output}"
        return output
    if block.language == "python":
        use_python(block, project.folder)
        return ""
    if block.language == "diff":
        (project.folder / "guide.diff").write_text(block.body, encoding="utf-8")
        done = project.run("git apply guide.diff && rm guide.diff")
    elif block.language == "sql":
        (project.folder / "guide.sql").write_text(block.body, encoding="utf-8")
        done = project.run(
            "psql --no-psqlrc --set ON_ERROR_STOP=1 --pset pager=off --file guide.sql "
            f"{project.url} && rm guide.sql"
        )
    elif block.note == "on a branch":
        done = run_on_branch(block, project)
    elif block.note == "on Neon":
        done = project.run(checked_exits(block.body), **variables(neon))
    else:
        done = project.run(checked_exits(block.body))
    assert done.returncode == 0, f"exit code {done.returncode}:\n{block.body}\n{done.stdout}"
    return done.stdout


def run_on_branch(block: Block, project) -> subprocess.CompletedProcess[str]:
    """Run commands whose Neon makes copies of the embedded database, and none that stays."""
    with FakeNeon(provide=project.copy_to) as neon:
        neon.hold(project.url)
        done = project.run(checked_exits(block.body), **variables(neon))
        assert neon.called("POST", "branches")
        assert neon.made() == []
    return done


def variables(neon: FakeNeon) -> dict[str, str]:
    """The environment of commands that are to work with a stand-in."""
    return {"NEON_API_KEY": KEY, "NEON_PROJECT_ID": PROJECT, "NEON_API_URL": neon.url}


@contextmanager
def production(url: str) -> Iterator[FakeNeon]:
    """A project on Neon with a branch `production`; whichever branch is meant, it has this URL."""
    with FakeNeon(provide=lambda _: url) as neon:
        neon.branches[PARENT]["name"] = "production"
        neon.hold(url)
        neon.polls_until_done = 0
        yield neon


@contextmanager
def served(project) -> Iterator[str]:
    """Serve the copy of the project; returns host and port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = project.folder / "serve.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            # Not the one of warm_programs.py, whose child no signal to the caller would end.
            [str(Path(sys.prefix) / "bin" / "flask"), "dev"],
            cwd=project.folder,
            env={**project.environment, "PORT": str(port)},
            stdout=output,
            stderr=output,
        ) as server,
    ):
        try:
            deadline = time.monotonic() + 90
            while not answers(f"http://127.0.0.1:{port}/readyz"):
                assert server.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def answers(url: str) -> bool:
    """Tell whether a server is ready."""
    try:
        with urlopen(url, timeout=20) as answer:  # noqa: S310  our own server
            return bool(answer.status == 200)
    except OSError:  # Refused, cut off, too slow, or a 503: not yet.
        time.sleep(0.1)
        return False


def use_python(block: Block, folder: Path) -> None:
    """Put functions in the place of those of a revision, or find an excerpt where it is from."""
    what, _, name = block.note.rpartition(" ")
    assert what in {"functions of", "from"}, "a python block says what it is of"
    (path,) = folder.glob(name)
    text = path.read_text(encoding="utf-8")
    if what == "from":
        assert block.body in text
    else:
        path.write_text(text.partition("def upgrade()")[0] + block.body, encoding="utf-8")


def parts() -> Iterator[tuple[str, int, str]]:
    """Cut the guides at fresh copies: name, line before the part, text."""
    for guide in GUIDES:
        line = 0
        for text in (ROOT / guide).read_text(encoding="utf-8").split(FRESH_COPY):
            yield guide, line, text
            line += text.count("\n")


@pytest.mark.parametrize(
    ("guide", "line", "text"),
    [pytest.param(*part, id=f"{part[0]}:{part[1] + 1}") for part in parts()],
)
def test_what_a_guide_shows_works(guide, line, text, project):
    if line:
        assert project.run("flask db upgrade").returncode == 0
    serving = served(project) if SERVICE in text else nullcontext(SERVICE)
    with serving as address, production(project.url) as neon:
        output = ""
        for block in blocks(text.replace(SERVICE, address)):
            if block.language in CARRIED_OUT and block.left_out is None:
                try:
                    output = carry_out(block, project, output, neon)
                except AssertionError as error:
                    error.add_note(f"in {guide}, line {line + block.line}")
                    raise


@pytest.mark.parametrize("guide", GUIDES)
def test_nothing_is_left_out_without_a_known_reason(guide, root):
    text = (root / guide).read_text(encoding="utf-8")
    found = list(blocks(text))
    assert {item.language for item in found} <= CARRIED_OUT | SHOWN
    assert {item.left_out for item in found if item.left_out is not None} <= REASONS
    assert len(re.findall("^```", text, re.MULTILINE)) == 2 * len(found)


@pytest.mark.parametrize("guide", GUIDES)
def test_links_between_files_and_to_headings_lead_somewhere(guide, root):
    path = root / guide
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        if "://" not in link:
            leads_to = path.parent / name if name else path
            assert leads_to.exists(), link
            assert not anchor or anchor in anchors(leads_to), link


def anchors(path: Path) -> set[str]:
    """Make the anchors of a file's headings as GitHub does."""
    headings = re.findall("^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", item.lower()).replace(" ", "-") for item in headings}
