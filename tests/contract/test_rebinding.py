"""A page in the browser whose name was rebound to the service's address gets nothing there."""

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def test_a_page_that_rebinds_its_name_neither_reads_nor_writes(run, folder, url, client, chromium):
    shutil.copy(HERE / "rebinding.js", folder)
    opened = run("node", "rebinding.js", url.rpartition(":")[2], chromium)
    assert opened.returncode == 0, opened.stderr
    told = json.loads(opened.stdout)
    assert {status for _, status in told["evil.example"]} == {400}
    # The same page, by the service's own name.
    assert {status for _, status in told["127.0.0.1"]} == {200, 201, 204}
    names = {user["username"] for user in client.get("/v1/users").json["items"]}
    assert "127.0.0.1" in names
    assert "evil.example" not in names
