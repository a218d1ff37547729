"""Linters find nothing in the document, and clients that are generated from it compile and work."""

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def test_redocly_finds_nothing(run, document):
    """By its recommended rules, warnings included."""
    found = run("redocly", "lint", "--extends", "recommended", "--format", "json", document)
    report = json.loads(found.stdout)
    assert report["problems"] == []
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_spectral_finds_nothing(run, document, folder):
    """By its rules for OpenAPI, hints included."""
    (folder / "rules.yaml").write_text('extends: "spectral:oas"\n')
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
    target = ("--output-path", "trips", "--meta", "none")
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
