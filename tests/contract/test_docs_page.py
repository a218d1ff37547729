"""The page /docs in a browser: what it opens with works, whatever is tried first."""

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def test_every_post_works_as_it_opens(run, folder, url, document, chromium):
    """From top to bottom, then the other way: opening the page puts back what its examples name."""
    shutil.copy(HERE / "docs_page.js", folder)
    paths = json.loads(document.read_text(encoding="utf-8"))["paths"]
    posts = {path for path, item in paths.items() if "post" in item}
    for order in ("forwards", "backwards"):
        opened = run("node", "docs_page.js", url, order, chromium)
        assert opened.returncode == 0, opened.stderr
        told = json.loads(opened.stdout)
        assert {answer["path"] for answer in told["answers"]} == posts
        failed = [answer for answer in told["answers"] if answer["status"] not in {200, 201}]
        assert failed == []
        assert told["elsewhere"] == []
        assert told["complaints"] == []
