"""What makes a library one that others can take: a face, a page on it, and not a word of trips."""

import ast
import importlib
import inspect
import io
import re
import tokenize
from pathlib import Path

import pytest

PACKAGES = Path(__file__).resolve().parents[1] / "packages"
LIBRARIES = sorted(
    folder.name for folder in PACKAGES.iterdir() if (folder / "__init__.py").exists()
)
FILES = sorted(PACKAGES.rglob("*.py"))

# GitHub's workflows and their commands are none of a trip planner's.
TRIP_WORDS = re.compile(
    r"(?<![a-z])(?<!round[ _-])trips?(?![a-z])|workflow(?! command|s? of GitHub)|itinerar|prototype"
    r"|predecessor|legacy_(?:id|note)|\bllm\b|generation_id|model_price|node_state|홍대",
    re.IGNORECASE,
)
# libpq and systemd are told, or tell, by the environment only; what is started inherits it.
TOUCH_THE_ENVIRONMENT = {
    "app_server/listener.py": "sd_listen_fds(3)",
    "app_server/observability/metrics.py": "prometheus_client reads its folder there",
    "serverless_postgres/database.py": "libpq's PGTZ",
    "safe_migrations/discovery.py": "DATABASE_URL, where nobody has said another",
    "safe_migrations/rehearsal/local_copy.py": "the environment of pg_dump and psql",
    "serverless_postgres/neon_commands/dotenv_file.py": "the environment of git",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGES).as_posix()


def test_there_are_libraries():
    assert {"safe_migrations", "smorest_sqlmodel"} <= set(LIBRARIES)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_trip_word_is_in_a_library(path: Path):
    text = path.read_text(encoding="utf-8")
    found = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type in {tokenize.NAME, tokenize.STRING}
        and TRIP_WORDS.search(" ".join(token.string.split()))
    ]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_library_reads_the_environment(path: Path):
    reads = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in {"environ", "getenv", "environb"}
    }
    assert bool(reads) == (name_of(path) in TOUCH_THE_ENVIRONMENT)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_a_face(library: str):
    module = importlib.import_module(library)
    assert module.__doc__
    undocumented = [
        name
        for name in module.__all__
        for thing in [getattr(module, name)]
        if (inspect.isclass(thing) or inspect.isroutine(thing)) and not inspect.getdoc(thing)
    ]
    assert undocumented == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_module_stands_in_the_place_of_a_name_of_the_face(library: str):
    """Python puts an imported module into its package: `__getattr__` is not asked any more."""
    modules = {path.stem for path in (PACKAGES / library).iterdir()}
    assert modules.isdisjoint(importlib.import_module(library).__all__)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_a_page_that_names_its_face(library: str):
    page = (PACKAGES / library / "README.md").read_text(encoding="utf-8")
    missing = [name for name in importlib.import_module(library).__all__ if f"`{name}" not in page]
    assert missing == []
    assert not TRIP_WORDS.search(page)
