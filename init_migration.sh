#!/usr/bin/env bash
# Brings the database of a checkout to the newest schema, from whatever state both are in.
#
#   ./init_migration.sh
#
# It checks the environment and the way to the database, makes the first revision when
# migrations/versions has none, upgrades, and shows where the database is. It asks nothing, may be
# run again at any time, and from any folder. PYTHON=/path/to/python chooses the interpreter.
#
# Exit codes are those of `flask db`: 0 all is well, 1 something has to be mended (it says what and
# how), 2 models and database differ, 5 others hold locks, 6 the revisions have several heads.
set -euo pipefail

if [ "$#" -gt 0 ]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"
    case "$1" in -h | --help) exit 0 ;; *) exit 1 ;; esac
fi

cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

say() { printf '\n== %s\n' "$*"; }
stop() {
    printf 'Error: %s\n' "$*" >&2
    exit 1
}
db() { "$python" -m service.cli db "$@"; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" .venv/bin/python "${VIRTUAL_ENV:+$VIRTUAL_ENV/bin/python}" python3; do
        if [ -n "$candidate" ] && command -v -- "$candidate" >/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    stop "There is no Python: run \`make install\`, or set PYTHON=/path/to/python3."
}

check_environment() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "$("$python" --version 2>&1) is too old, it takes 3.11 or later: run \`make install\`."
    "$python" -c 'import alembic, flask_smorest, psycopg2, sqlmodel' 2>/dev/null ||
        stop "$python lacks what the service needs: run \`make install\`."
    "$python" --version
}

# What the upgrade itself mends, such as revisions that are pending, is no reason to stop.
check_database() {
    local found
    found=$(db doctor --json) || [ "$?" -le 6 ] || stop 'The database could not be examined.'
    "$python" -c '
import json, sys

ON_THE_WAY = {"url", "connection", "heads", "pooling", "direct-url", "version", "privileges"}
found = json.load(sys.stdin)
if "error" in found:
    sys.exit("Error: " + found["error"]["message"])
checks = found["checks"]
wrong = [
    item
    for item in checks
    if item["state"] == "error"
    and (
        item["name"] in ON_THE_WAY
        or (item["name"] == "revision" and "flask db upgrade" not in item["mend"])
    )
]
for item in wrong:
    print("Error:", item["said"], item["mend"], sep="\n  ", file=sys.stderr)
if wrong:
    sys.exit(6 if [item["name"] for item in wrong] == ["heads"] else 1)
print(next(item["said"] for item in checks if item["name"] == "url"))
' <<<"$found"
}

make_first_revision() {
    [ -f migrations/env.py ] || db init
    if compgen -G 'migrations/versions/*.py' >/dev/null; then
        printf 'There are revisions in migrations/versions.\n'
    else
        mkdir -p migrations/versions
        db migrate -m 'Create the schema'
    fi
}

say 'Environment'
python=$(find_python)
check_environment

say 'Database'
check_database

say 'Revisions'
make_first_revision

say 'Upgrade'
db upgrade

say 'State'
db status
