"""What the guide, the dashboard and the alerts name is what there is."""

import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

# What PromQL and the dashboard bring themselves.
_WORDS = {"absent", "by", "histogram_quantile", "increase", "max", "min", "or", "rate", "sum"} | {
    "vector"
}
_LABELS = {"current", "head", "instance", "job", "le", "method", "pid", "reason", "route"} | {
    "server",
    "state",
    "status",
}


@pytest.fixture
def families(client):
    """The metrics as they are told, by name."""
    client.get("/v1/users")
    client.get("/readyz")
    text = client.get("/metrics").get_data(as_text=True)
    return {family.name: family for family in text_string_to_metric_families(text)}


def names(expression: str) -> set[str]:
    """Find the metrics in an expression of PromQL."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", "", expression)
    return set(re.findall(r"[a-z_]{2,}", bare)) - _WORDS - _LABELS


def expressions(root) -> list[str]:
    dashboard = json.loads((root / "grafana/dashboard.json").read_text(encoding="utf-8"))
    alerts = YAML(typ="safe").load((root / "grafana/alerts.yml").read_text(encoding="utf-8"))
    return [
        *(item["expr"] for panel in dashboard["panels"] for item in panel.get("targets", [])),
        *(rule["expr"] for group in alerts["groups"] for rule in group["rules"]),
    ]


def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_there_are(families, root):
    samples: dict[str, set[str]] = {}
    for family in families.values():
        for sample in family.samples:
            samples.setdefault(sample.name, {"job", "instance"}).update(sample.labels)
    found = expressions(root)
    assert len(found) > 25
    for expression in found:
        assert names(expression) <= set(samples), expression
        for name, inside in re.findall(r"([a-z_]+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*[=!]", inside)) <= samples[name], expression
        for by in re.findall(r"by \(([^)]*)\)", expression):
            known = set().union(*(samples[name] for name in names(expression)))
            assert set(by.split(", ")) <= known, expression


def test_the_dashboard_s_panels_lie_beside_each_other(root):
    dashboard = json.loads((root / "grafana/dashboard.json").read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + column, place["y"] + line)
            for column in range(place["w"])
            for line in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_guide_has_each_metric_with_its_kind_and_labels(families, root):
    guide = (root / "docs/OBSERVABILITY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| (\w+) \| ([\w, ]*) ?\| ", guide, re.MULTILINE)
    told = {
        name: (kind, {label for label in labels.strip().split(", ") if label})
        for cell, kind, labels in rows
        for name in re.findall(r"[a-z_]+", cell)
    }
    there = {
        name + "_total" * (family.type == "counter"): (
            family.type,
            set().union(*(sample.labels for sample in family.samples)) - {"le"},
        )
        for name, family in families.items()
    }
    assert told == there


def test_the_guide_has_each_field_of_the_log(root):
    guide = (root / "docs/OBSERVABILITY.md").read_text(encoding="utf-8")
    logs = guide[guide.index("## Logs") : guide.index("## Metrics")]
    told = set(re.findall(r"^\| `(\w+)` \|", logs, re.MULTILINE))
    (example,) = re.findall(r"^\{.*\}$", logs, re.MULTILINE)
    fields = set(json.loads(example))
    assert fields | {"exception", "sql", "plan"} == told
    # That it is a real line: tests/app_server/observability/test_logs.py has the same fields.
    there = (root / "tests/app_server/observability/test_logs.py").read_text(encoding="utf-8")
    assert all(f'"{field}"' in there for field in fields)


def test_the_guide_has_each_alert(root):
    guide = (root / "docs/OBSERVABILITY.md").read_text(encoding="utf-8")
    alerts = (root / "grafana/alerts.yml").read_text(encoding="utf-8")
    assert re.findall(r"^\| (TripPlanner\w+) \|", guide, re.MULTILINE) == re.findall(
        r"alert: (\w+)", alerts
    )
