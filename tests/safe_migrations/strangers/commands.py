"""Runs commands of `flask --app app db` in one process, in the current folder: see `flask_db`.

Its own process, as a stranger's models would otherwise meet the service's in one metadata.
"""

import json
import shlex
import sys
import traceback

from click.testing import CliRunner
from flask.cli import FlaskGroup


def main() -> None:
    """Run what standard input names, a command a line; write [exit code, output] of each."""
    answers = []
    for line in sys.stdin.read().splitlines():
        group = FlaskGroup(add_version_option=False)
        done = CliRunner().invoke(group, ["--app", sys.argv[1], "db", *shlex.split(line)])
        said = done.output
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            said += "".join(traceback.format_exception(done.exception))
        answers.append([done.exit_code, said])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
