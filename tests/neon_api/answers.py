"""Whole answers of Neon's API: each object with all the members that the contract demands."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

PROJECT = "quiet-river-123456"
ORGANIZATION = "org-still-hill-1234"
REGION = "aws-eu-central-1"

Reply = tuple[int, dict[str, Any] | None]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def branch(identity: str, name: str, **values: Any) -> dict[str, Any]:
    at = now()
    return {
        "id": identity,
        "project_id": PROJECT,
        "name": name,
        "default": False,
        "protected": False,
        "current_state": "ready",
        "state_changed_at": at,
        "creation_source": "console",
        "created_at": at,
        "updated_at": at,
        "cpu_used_sec": 0,
        "active_time_seconds": 0,
        "compute_time_seconds": 0,
        "written_data_bytes": 0,
        "data_transfer_bytes": 0,
        **values,
    }


def listed_project(identity: str = PROJECT, name: str = "trip-planner", **values: Any) -> Any:
    at = now()
    return {
        "id": identity,
        "name": name,
        "platform_id": "aws",
        "region_id": REGION,
        "pg_version": 18,
        "proxy_host": "eu-central-1.aws.neon.tech",
        "provisioner": "k8s-neonvm",
        "branch_logical_size_limit": 512,
        "branch_logical_size_limit_bytes": 512 * 1024**2,
        "store_passwords": True,
        "active_time": 0,
        "cpu_used_sec": 0,
        "creation_source": "console",
        "created_at": at,
        "updated_at": at,
        "owner_id": "owner-1",
        "org_id": ORGANIZATION,
        **values,
    }


def whole_project(listed: dict[str, Any], plan: str, branches: int, history_s: int) -> Any:
    known = {name: value for name, value in listed.items() if name != "active_time"}
    used = ("active_time_seconds", "compute_time_seconds", "written_data_bytes")
    return {
        **known,
        **dict.fromkeys((*used, "data_transfer_bytes", "data_storage_bytes_hour"), 0),
        "consumption_period_start": now(),
        "consumption_period_end": now(),
        "history_retention_seconds": history_s,
        **({"owner": owner(plan, branches)} if plan else {}),
    }


def owner(plan: str, branches: int) -> dict[str, Any]:
    return {
        "name": "Trips",
        "email": "trips@example.com",
        "branches_limit": branches,
        "subscription_type": plan,
    }


def organization() -> dict[str, Any]:
    at = now()
    return {
        "id": ORGANIZATION,
        "name": "trips",
        "handle": "trips",
        "plan": "launch_v3",
        "managed_by": "console",
        "created_at": at,
        "updated_at": at,
    }


def operation(number: int, branch_id: str, action: str) -> dict[str, Any]:
    return {
        "id": operation_id(number),
        "project_id": PROJECT,
        "branch_id": branch_id,
        "action": action,
        "status": "running",
        "failures_count": 0,
        "total_duration_ms": 0,
        "created_at": now(),
        "updated_at": now(),
    }


def operation_id(number: int) -> str:
    """The id of the first, second ... operation of a stand-in."""
    return str(UUID(int=number))


def endpoint(branch_id: str) -> dict[str, Any]:
    at, identity = now(), f"ep-{branch_id.removeprefix('br-')}"
    return {
        "id": identity,
        "project_id": PROJECT,
        "branch_id": branch_id,
        "region_id": REGION,
        "host": f"{identity}.eu-central-1.aws.neon.tech",
        "proxy_host": "eu-central-1.aws.neon.tech",
        "type": "read_write",
        "current_state": "active",
        "autoscaling_limit_min_cu": 0.25,
        "autoscaling_limit_max_cu": 2,
        "suspend_timeout_seconds": 0,
        "pooler_enabled": False,
        "pooler_mode": "transaction",
        "disabled": False,
        "passwordless_access": True,
        "provisioner": "k8s-neonvm",
        "settings": {},
        "creation_source": "console",
        "created_at": at,
        "updated_at": at,
    }


def database(number: int, branch_id: str, name: str, owner: str) -> dict[str, Any]:
    at = now()
    return {
        "id": number,
        "branch_id": branch_id,
        "name": name,
        "owner_name": owner,
        "created_at": at,
        "updated_at": at,
    }


def role(branch_id: str, name: str) -> dict[str, Any]:
    return {"branch_id": branch_id, "name": name, "created_at": now(), "updated_at": now()}


def problem(status: int, message: str, code: str = "") -> Reply:
    return status, {"request_id": "4f8b1f6e-request", "code": code, "message": message}
