"""A stranger's settings: of the environment that is given, and of no other one."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from plain_commands.errors import ConfigurationError
from plain_commands.settings.declared import setting
from plain_commands.settings.loading import load


@dataclass(frozen=True, kw_only=True)
class Library:
    shelves: int = setting(3, "How many shelves there are.", least=1)
    genres: tuple[str, ...] = setting((), "What is lent.")
    cellar: Path = setting(Path("cellar"), "Where old books are.")  # noqa: RUF009  a field
    door_code: str | None = setting(None, "Opens the door.", secret=True)


def test_they_are_read_from_what_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("SHELVES", "99")
    monkeypatch.setenv("FLOOR", "9")
    file = tmp_path / ".env"
    file.write_text("SHELVES=4\nGENRES=novels, maps\nDOOR_CODE=${FLOOR}1\n", encoding="utf-8")
    found = load(Library, {"FLOOR": "7", "GENRES": ""}, folder=tmp_path, file=file)
    # An empty value in the environment hides the one in the file, and counts as not set.
    assert found == Library(shelves=4, cellar=tmp_path / "cellar", door_code="71")
    assert "71" not in repr(found)
    assert load(Library, {"CELLAR": "/deep"}, folder=tmp_path).cellar == Path("/deep")


def test_what_a_file_refers_to_must_be_in_what_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOOR", "9")
    file = tmp_path / ".env"
    file.write_text("DOOR_CODE=${FLOOR}1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="DOOR_CODE refers to a variable"):
        load(Library, {}, folder=tmp_path, file=file)


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        load(Library, {"SHELVES": "none", "DOOR_CDOE": "1234567"}, folder=tmp_path)
    # DOOR_CODE is too short to be told from the names of other programs.
    assert str(refused.value) == "SHELVES must be a whole number of at least 1, not 'none'."
