"""Writes settings into a `.env` file: their lines alone, all at once, for nobody else to read."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from dotenv.parser import parse_stream

from plain_commands.errors import ConfigurationError

_OWNER_ONLY = 0o600
# What stands before and after the value of a line, which stays: `export`, spaces, a comment.
_LINE = re.compile(
    r"(?P<before>\s*(?:export[ \t]+)?[^=]+=[ \t]*)"
    r"(?:(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")(?P<after_quotes>[ \t]*(?:\#[^\r\n]*)?)"
    r"|[^\r\n]*?(?P<after>(?:[ \t]+\#[^\r\n]*)?))"
    r"(?P<end>[ \t]*(?:\r\n|\n|\r)?)",
    re.DOTALL,
)
# What git calls would take from the caller, and what they need not know.
_KEPT_FOR_GIT = ("PATH", "HOME", "SYSTEMROOT", "LANG")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file; `before` has the values that were replaced, None for new lines."""

    path: Path
    before: Mapping[str, str | None]
    is_ignored: bool | None
    """Whether git will leave the file alone; None outside of a repository."""


def write(path: Path, values: Mapping[str, str]) -> Written:
    """Set variables in a file; every other line, comment and blank stays as it is.

    The file is made if need be, replaced at once, and readable by its owner alone. Raises
    ConfigurationError, and leaves the file as it is, if git tracks it, if it is not UTF-8, or if it
    can't be written.
    """
    target = path.resolve()
    if _git(target, "ls-files", "--error-unmatch") == 0:
        message = (
            f"{path} is tracked by git, where a password must not be: `git rm --cached "
            f"{path.name}` takes it out and leaves the file; then try again."
        )
        raise ConfigurationError(message)
    ignored = _git(target, "check-ignore", "--quiet")
    try:
        text = target.read_bytes().decode("utf-8-sig") if target.exists() else ""
        changed, before = _changed(text, values)
        _replace(target, changed)
    except OSError as error:
        message = f"{path} can't be written: {error.strerror}."
        raise ConfigurationError(message) from None
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8; save it as that, then try again."
        raise ConfigurationError(message) from None
    # 128: outside of a repository.
    return Written(path, before, ignored == 0 if ignored in {0, 1} else None)


def _changed(text: str, values: Mapping[str, str]) -> tuple[str, dict[str, str | None]]:
    before: dict[str, str | None] = dict.fromkeys(values)
    parts = []
    # The text as it is: StringIO would otherwise make every end of line the same.
    for binding in parse_stream(StringIO(text, newline="")):
        line, name = binding.original.string, binding.key
        if name is not None and name in values:
            before[name] = binding.value or ""
            line = _with_value(line, name, values[name])
        parts.append(line)
    changed = "".join(parts)
    end = "\r\n" if "\r\n" in text else "\n"
    missing = [f"{name}={value}{end}" for name, value in values.items() if before[name] is None]
    if missing and changed and not changed.endswith(("\n", "\r")):
        changed += end
    return changed + "".join(missing), before


def _with_value(line: str, name: str, value: str) -> str:
    found = _LINE.fullmatch(line)
    if found is None:
        # The name alone, without a value.
        end = line[len(line.rstrip("\r\n")) :]
        return line.rstrip().removesuffix(name) + f"{name}={value}{end}"
    comment = found["after"] or found["after_quotes"] or ""
    # Right behind a value without quotes, a # is part of it.
    space = " " if comment.startswith("#") else ""
    return found["before"] + value + space + comment + found["end"]


def _replace(target: Path, text: str) -> None:
    """Put a whole file in the place of the old one, at once."""
    with NamedTemporaryFile("wb", dir=target.parent, prefix=".env-", delete=False) as file:
        try:
            os.fchmod(file.fileno(), _OWNER_ONLY)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise


def _git(path: Path, *arguments: str) -> int | None:
    """Ask git about a file; returns its exit code, None without git or outside of a repository."""
    git = shutil.which("git")
    if git is None or not path.parent.is_dir():
        return None
    # nosemgrep: environment-outside-settings  what git needs of it
    environment = {name: os.environ[name] for name in _KEPT_FOR_GIT if name in os.environ}
    done = subprocess.run(  # noqa: S603  git itself, with a file's name
        [git, *arguments, "--", path.name],
        cwd=path.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode
