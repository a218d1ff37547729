"""The schema's documentation: up to date, complete, and the same each time."""

import re

from sqlmodel import SQLModel

from safe_migrations.documentation import document
from service.schema import project


def written() -> str:
    known = project()
    return document(known.tables, known.models)


def test_the_document_is_up_to_date():
    """`flask db docs` writes it anew."""
    assert project().docs.read_text(encoding="utf-8") == written()


def test_every_table_column_constraint_and_index_is_in_it():
    text = written()
    for table in SQLModel.metadata.tables.values():
        section = text.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        names = [column.name for column in table.columns]
        names += [str(getattr(item, "name", "")) for item in [*table.constraints, *table.indexes]]
        assert [name for name in names if f"| `{name}` |" not in section] == []


def test_descriptions_come_from_the_fields():
    text = written()
    assert "| `search_radius_m` | integer | no | `2000` | Metres. |" in text
    assert re.search(r"\| `metadata` \| jsonb .* wants to keep with the workflow\. \|", text)


def test_the_diagram_tells_how_many_belong_to_how_many():
    diagram = written().split("```mermaid\n")[1].split("```")[0]
    assert 'users ||--o{ workflows : "user_id"' in diagram
    assert 'workflows |o--o{ workflows : "parent_workflow_id"' in diagram
    assert 'nodes ||--o| node_states : "node_id"' in diagram
    for line in re.findall(r"^ {8}(.*)$", diagram, re.MULTILINE):
        # What Mermaid's grammar of attributes allows.
        assert re.fullmatch(r"[a-z_][\w\[\]()-]* \w+( (PK|FK|UK)(, (PK|FK|UK))*)?", line), line
