"""The example of the README does what it says, for those who have nothing but the library."""

import re

import pytest

import serverless_postgres


@pytest.fixture
def readme(root):
    return (root / "packages/serverless_postgres/README.md").read_text("utf-8")


def test_the_example_prints_what_stands_below_it(readme, tmp_path, monkeypatch, capfd):
    [code] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    [shown] = re.findall(r"\$ python loans.py\n(.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    exec(compile(code, "loans.py", "exec"), {"__name__": "loans"})  # noqa: S102  the example
    assert capfd.readouterr().out == shown


def test_the_face_is_the_list_of_the_readme(readme):
    listed = set(re.findall(r"`(\w+)", readme.partition("## What there is")[2]))
    assert set(serverless_postgres.__all__) <= listed
    for name in serverless_postgres.__all__:
        assert getattr(serverless_postgres, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        serverless_postgres.nothing  # noqa: B018  it raises
