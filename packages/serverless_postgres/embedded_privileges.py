"""As whom the embedded Postgres runs: never as root, and never longer than its keeper."""

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from plain_commands.errors import ConfigurationError
from serverless_postgres.embedded import HERE


class Privileges:
    """The account and the capabilities of the programs that serve a data folder."""

    def __init__(self, binaries: Path, data_dir: Path) -> None:
        self._binaries = binaries
        self._pgdata = data_dir / "pgdata"

    def account(self) -> tuple[int, int]:
        """Return the user and group to be instead of root, whom postgres refuses."""
        with suppress(FileNotFoundError):
            owner = self._pgdata.stat()
            if owner.st_uid != 0:
                return owner.st_uid, owner.st_gid
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid

    def own_files(self) -> None:
        """Give a cluster that was copied by root to the account that will serve it."""
        if is_root() and self._pgdata.exists() and self._pgdata.stat().st_uid == 0:
            for path in (self._pgdata, *self._pgdata.rglob("*")):
                os.chown(path, *self.account(), follow_symlinks=False)

    def path_of(self, folder: Path) -> Path:
        """Return how programs that work in a folder get there.

        Root's other account may not pass the folders above, and needs no capability to for this.
        """
        return Path(HERE) if is_root() else folder

    def command(self) -> list[str]:
        """Return the command that lowers privileges and ties a process to the keeper's life."""
        setpriv = _setpriv()
        if setpriv is None:
            if not is_root():
                return []  # macOS, mostly: the keeper alone is responsible.
            message = (
                "Postgres does not run as root, and setpriv (util-linux 2.33 or later), which "
                "would start it as another user, is not here: use another user, or set "
                "DATABASE_URL."
            )
            raise ConfigurationError(message)
        options = [setpriv, "--pdeathsig=INT"]
        if is_root():
            user, group = self.account()
            options += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
            if capability := self._missing_capability():
                options += [
                    f"--inh-caps=+{capability}",
                    f"--ambient-caps=+{capability}",
                    # Without this access(2) ignores the capability, and initdb asks access(2).
                    "--securebits=+no_setuid_fixup",
                ]
        return [*options, "--"]

    def _missing_capability(self) -> str | None:
        """Return what the account needs to get at programs below folders closed to others."""
        program = self._binaries / "postgres"
        if not program.stat().st_mode & stat.S_IXOTH:
            return "dac_override"
        if all(folder.stat().st_mode & stat.S_IXOTH for folder in program.parents):
            return None
        return "dac_read_search" if _may_have_dac_read_search() else "dac_override"


def is_root() -> bool:
    """Tell whether this process is root, as whom postgres does not run."""
    return os.geteuid() == 0


def _setpriv() -> str | None:
    program = shutil.which("setpriv")
    if program is None:
        return None
    usage = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)  # noqa: S603  setpriv
    return program if "--pdeathsig" in usage.stdout else None


def _may_have_dac_read_search() -> bool:
    """Tell whether the bounding set has CAP_DAC_READ_SEARCH; most containers lack it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd":
            return bool(int(value, 16) & 1 << 2)
    return False
