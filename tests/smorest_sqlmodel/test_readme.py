"""The README's example is the stranger's app, and prints what it says."""

import doctest
import re
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).with_name("library.py")


def test_the_example_prints_what_the_readme_says(root):
    text = (root / "packages/smorest_sqlmodel/README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert LIBRARY.read_text().endswith(code)
    (session,) = re.findall(r"```pycon\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"__name__": "library"}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102  the README's own code
    example = doctest.DocTestParser().get_doctest(session, names, "README.md", None, None)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0
