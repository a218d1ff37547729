"""Linters find nothing in the document, and clients that are generated from it compile and work."""

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def test_redocly_finds_nothing(run, document):
    """By its recommended rules, warnings included."""
    # /users/by-username/{username} is for PUT alone, and "by-username" no id for /{user_id}/export.
    options = ("--extends", "recommended", "--skip-rule", "no-ambiguous-paths")
    found = run("redocly", "lint", *options, "--format", "json", document)
    report = json.loads(found.stdout)
    assert report["problems"] == []
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_spectral_finds_nothing(run, document, folder):
    """By its rules for OpenAPI, hints included."""
    # Which scope a key needs is said as OpenAPI 3.1 has it; the rule is that of 3.0, where only
    # OAuth has scopes.
    rules = 'extends: "spectral:oas"\nrules: {oas3-operation-security-defined: off}\n'
    (folder / "rules.yaml").write_text(rules)
    options = ("--ruleset", "rules.yaml", "--fail-severity", "hint")
    found = run("spectral", "lint", *options, document)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_typescript_client_compiles_strictly_and_works(run, document, folder, url):
    generated = run("openapi-typescript", document, "--output", "schema.ts")
    assert generated.returncode == 0, generated.stderr
    shutil.copy(HERE / "client.ts", folder)
    options = ("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess")
    target = ("--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable")
    compiled = run("tsc", *options, *target, "--noEmitOnError", "client.ts")
    assert compiled.returncode == 0, compiled.stdout
    done = run("node", "client.js", url)
    assert done.stdout == "done\n", done.stderr


def test_a_python_client_has_every_operation_and_works(run, document, folder, url):
    # It knows JSON, text and bytes: files of other types are told to be bytes.
    files_of = ("application/jsonl", "application/gpx+xml")
    overrides = dict.fromkeys(files_of, "application/octet-stream")
    (folder / "files.json").write_text(json.dumps({"content_type_overrides": overrides}))
    target = ("--output-path", "trips", "--meta", "none", "--config", "files.json")
    generated = run("openapi-python-client", "generate", "--path", document, *target)
    assert generated.returncode == 0, generated.stderr
    assert generated.stdout + generated.stderr == "Generating trips\n"
    paths = json.loads(document.read_text(encoding="utf-8"))["paths"]
    wanted = {
        operation["operationId"]
        for item in paths.values()
        for method, operation in item.items()
        if method != "parameters"
    }
    files = (folder / "trips" / "api").rglob("*.py")
    assert wanted == {file.stem for file in files} - {"__init__"}
    done = run("python", HERE / "client.py", url)
    assert done.stdout == "done\n", done.stderr
