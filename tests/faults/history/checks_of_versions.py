"""Checks of versions: they only rise, by one for each change, and each is one content."""

from collections import defaultdict
from collections.abc import Iterator

from .calls import NODE_ENDS, Call, Database, History, Kind, Outcome, Row, done, may_be_done
from .checks_of_ends import is_closed
from .order import Told, fallen


def versions_never_go_back(history: History, database: Database) -> Iterator[str]:
    """Who asks after another was answered is told no lower version, nor is it lower in the end."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        told = [
            Told(call.began, call.ended, row["version"])
            for call, row in history.sights.get((Kind.WORKFLOW, workflow_id), [])
            if "version" in row and not call.is_replayed
        ]
        for earlier, later in fallen(told):
            yield f"workflow {workflow_id}: version {later.number} after {earlier.number}"
        if (highest := max((each.number for each in told), default=0)) > workflow["version"]:
            yield f"workflow {workflow_id}: {workflow['version']} in the end, after {highest}"


def etags_are_versions(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """The ETag of an answer is the version that it shows."""
    for (kind, row_id), sights in history.sights.items():
        for call, row in sights:
            if kind is Kind.WORKFLOW and row.get("etag", row.get("version")) != row.get("version"):
                operation = call.request.operation
                yield f"workflow {row_id}: {operation} told {row} with another ETag"


def a_version_is_one_content(history: History, database: Database) -> Iterator[str]:
    """Whoever is told the same version of a workflow is told the same content."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        known: dict[int, dict[str, object]] = {workflow["version"]: dict(workflow)}
        for _, row in history.sights.get((Kind.WORKFLOW, workflow_id), []):
            if "version" not in row:
                continue
            first = known.setdefault(row["version"], {})
            for name, value in row.items():
                if first.setdefault(name, value) != value:
                    yield (
                        f"workflow {workflow_id}: {name} of version {row['version']} is"
                        f" {first[name]} and {value}"
                    )


def changes_are_counted(history: History, database: Database) -> Iterator[str]:
    """The version of a workflow is 1 and one more for each change, with none lost or doubled."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        least = most = _changes_in_rows(history, workflow, database)
        by_identity: dict[str, list[Call]] = defaultdict(list)
        for call in history.by_workflow.get(workflow_id, []):
            if call.request.operation in {"record_heartbeat", "update_workflow"}:
                by_identity[call.request.identity].append(call)
        for calls in by_identity.values():
            if calls[0].request.is_blind:
                # When a reply was lost, the service has done it again, as it may.
                least += len(done(calls))
                most += _ANY if may_be_done(calls) else 0
            else:
                least += bool(done(calls))
                most += may_be_done(calls)
        changes = workflow["version"] - 1
        if not least <= changes <= most:
            yield f"workflow {workflow_id}: {changes} changes by its version, {least} were seen"


_ANY = 1_000_000


def _changes_in_rows(history: History, workflow: Row, database: Database) -> int:
    """Count the changes that are seen in the rows of a workflow."""
    nodes = database.of(workflow["id"], Kind.NODE)
    count = len(nodes) + len(database.of(workflow["id"], Kind.GENERATION)) + is_closed(workflow)
    for interaction in database.of(workflow["id"], Kind.INTERACTION):
        count += 1 + (interaction["answered_at"] is not None)
    for node in nodes:
        calls = history.by_mark.get(node["mark"], [])
        first = (calls[0].request.body or {}).get("status", "running") if calls else "running"
        was_started = first == "pending" and node["started_at"] is not None
        count += was_started + (node["status"] in NODE_ENDS.values() and first != "skipped")
    return count


def changes_are_kept(history: History, database: Database) -> Iterator[str]:
    """The name of a workflow is that of its last change: no later one was overwritten by it."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        changes = [
            call
            for call in history.by_workflow.get(workflow_id, [])
            if call.request.operation == "update_workflow"
        ]
        versions: dict[str, int] = defaultdict(int)
        for call in done(changes):
            version = call.shown(Kind.WORKFLOW)[0]["version"]
            versions[call.request.mark] = max(version, versions[call.request.mark])
        of_it = [call for call in changes if call.request.mark == workflow["name"]]
        if of_it and not may_be_done(of_it):
            yield f"workflow {workflow_id}: has a name that was refused"
        elif any(call.outcome is Outcome.UNKNOWN for call in of_it):
            continue
        elif versions and versions[workflow["name"]] < max(versions.values()):
            yield f"workflow {workflow_id}: has not the name of version {max(versions.values())}"


def if_match_is_kept(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """A change with If-Match makes the next version of the one that it names."""
    for call in history.calls:
        wanted = (call.request.headers or {}).get("If-Match")
        if wanted is None or call.outcome is not Outcome.DONE or not call.shown(Kind.WORKFLOW):
            continue
        version = call.shown(Kind.WORKFLOW)[0]["version"]
        if wanted != f'"{version - 1}"':
            yield f"workflow {call.request.workflow}: a change meant for {wanted} made {version}"
