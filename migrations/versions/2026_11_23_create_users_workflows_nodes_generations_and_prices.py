"""Create users, workflows, nodes, generations and prices.

Revision d62e3f8ca21b, of 2026-11-23; it follows no other.

The service keeps running on the schema before this revision while it is applied, and code of the
release before may run after it: add first, remove in a later release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d62e3f8ca21b"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "model_prices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("input_per_million", sa.Numeric(precision=18, scale=9), nullable=False),
        sa.Column("output_per_million", sa.Numeric(precision=18, scale=9), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'USD'"), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "valid_from",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "input_per_million >= 0 AND output_per_million >= 0",
            name=op.f("ck_model_prices_not_negative"),
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_model_prices_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_prices")),
        sa.UniqueConstraint(
            "provider",
            "model",
            "valid_from",
            name=op.f("uq_model_prices_provider_model_valid_from"),
        ),
    )
    op.create_index(
        "ix_model_prices_created_at_id", "model_prices", ["created_at", "id"], unique=False
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("display_name", sa.String(length=100), nullable=True),
        sa.Column(
            "locale", sa.String(length=35), server_default=sa.text("'ko-KR'"), nullable=False
        ),
        sa.Column(
            "timezone", sa.String(length=64), server_default=sa.text("'Asia/Seoul'"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("legacy_id", sa.String(length=64), nullable=True),
        sa.Column("legacy_note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(
        "uq_users_email_lower", "users", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_index(
        "uq_users_username_lower", "users", [sa.literal_column("lower(username)")], unique=True
    )
    op.create_table(
        "workflows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_input", sa.String(length=8000), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("session_id", sa.String(length=255), nullable=True),
        sa.Column("input_type", sa.Text(), nullable=True),
        sa.Column("time_settings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "timezone", sa.String(length=64), server_default=sa.text("'Asia/Seoul'"), nullable=False
        ),
        sa.Column("search_radius_m", sa.Integer(), server_default=sa.text("2000"), nullable=False),
        sa.Column("user_intent", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("parent_workflow_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("pending_step", sa.String(length=255), nullable=True),
        sa.Column("error_type", sa.String(length=255), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("final_itinerary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("node_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "failed_node_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("generation_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_cost", sa.Numeric(precision=38, scale=9), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("active_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("waiting_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("legacy_id", sa.String(length=64), nullable=True),
        sa.Column("legacy_note", sa.Text(), nullable=True),
        sa.Column("last_node_seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "(status = 'awaiting_input') = (waiting_since IS NOT NULL)",
            name=op.f("ck_workflows_waiting_since_iff_awaiting"),
        ),
        sa.CheckConstraint(
            "(status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)",
            name=op.f("ck_workflows_completed_at_iff_terminal"),
        ),
        sa.CheckConstraint(
            "input_type IN ('region', 'specific_place')", name=op.f("ck_workflows_input_type_known")
        ),
        sa.CheckConstraint(
            "status IN ('running', 'awaiting_input', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_workflows_status_known"),
        ),
        sa.CheckConstraint(
            "(total_cost IS NULL) = (currency IS NULL)", name=op.f("ck_workflows_cost_has_currency")
        ),
        sa.CheckConstraint(
            "active_ms >= 0 AND waiting_ms >= 0", name=op.f("ck_workflows_times_not_negative")
        ),
        sa.CheckConstraint(
            "completed_at >= started_at", name=op.f("ck_workflows_completed_after_start")
        ),
        sa.CheckConstraint(
            "completed_at IS NULL OR active_ms + waiting_ms = "
            "floor(EXTRACT(epoch FROM completed_at - started_at) * 1000)",
            name=op.f("ck_workflows_times_add_up"),
        ),
        sa.CheckConstraint(
            "node_count >= failed_node_count AND failed_node_count >= 0 "
            "AND generation_count >= 0 AND input_tokens >= 0 AND output_tokens >= 0 "
            "AND total_cost >= 0",
            name=op.f("ck_workflows_counters_not_negative"),
        ),
        sa.CheckConstraint("parent_workflow_id <> id", name=op.f("ck_workflows_parent_is_another")),
        sa.CheckConstraint(
            "search_radius_m BETWEEN 100 AND 20000", name=op.f("ck_workflows_search_radius_m_range")
        ),
        sa.ForeignKeyConstraint(
            ["parent_workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflows_parent_workflow_id_workflows"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_workflows_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
    )
    op.create_index("ix_workflows_created_at_id", "workflows", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_workflows_parent_workflow_id", "workflows", ["parent_workflow_id"], unique=False
    )
    op.create_index("ix_workflows_session_id", "workflows", ["session_id"], unique=False)
    op.create_index(
        "ix_workflows_status_created_at", "workflows", ["status", "created_at"], unique=False
    )
    op.create_index(
        "ix_workflows_tags", "workflows", ["tags"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_workflows_user_id_created_at_id",
        "workflows",
        ["user_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("principal", sa.String(length=100), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_idempotency_keys_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_idempotency_keys_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "principal", "method", "path", "key", name=op.f("pk_idempotency_keys")
        ),
    )
    op.create_index(
        "ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"], unique=False
    )
    op.create_index("ix_idempotency_keys_user_id", "idempotency_keys", ["user_id"], unique=False)
    op.create_index(
        "ix_idempotency_keys_workflow_id", "idempotency_keys", ["workflow_id"], unique=False
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_name", sa.String(length=255), nullable=False),
        sa.Column("node_type", sa.Text(), server_default=sa.text("'other'"), nullable=False),
        sa.Column("parent_node_id", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("input", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("skip_reason", sa.String(length=2000), nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("output", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_traceback", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("legacy_id", sa.String(length=64), nullable=True),
        sa.Column("legacy_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status IN ('completed', 'failed', 'skipped', 'cancelled')) "
            "= (completed_at IS NOT NULL)",
            name=op.f("ck_nodes_completed_at_iff_terminal"),
        ),
        sa.CheckConstraint(
            "node_type IN ('analysis', 'search', 'generation', 'routing', 'feedback', "
            "'validation', 'other')",
            name=op.f("ck_nodes_node_type_known"),
        ),
        sa.CheckConstraint(
            "status <> 'pending' OR started_at IS NULL", name=op.f("ck_nodes_pending_not_started")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'failed', 'skipped', 'cancelled')",
            name=op.f("ck_nodes_status_known"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('running', 'completed', 'failed') OR started_at IS NOT NULL",
            name=op.f("ck_nodes_started_at_once_running"),
        ),
        sa.CheckConstraint(
            "completed_at >= started_at", name=op.f("ck_nodes_completed_after_start")
        ),
        sa.CheckConstraint("duration_ms >= 0", name=op.f("ck_nodes_duration_not_negative")),
        sa.CheckConstraint("parent_node_id <> id", name=op.f("ck_nodes_parent_is_another")),
        sa.CheckConstraint("seq >= 1 AND attempt >= 1", name=op.f("ck_nodes_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["workflow_id", "parent_node_id"],
            ["nodes.workflow_id", "nodes.id"],
            name=op.f("fk_nodes_workflow_id_parent_node_id_nodes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_nodes_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sa.UniqueConstraint("workflow_id", "id", name=op.f("uq_nodes_workflow_id_id")),
        sa.UniqueConstraint("workflow_id", "seq", name=op.f("uq_nodes_workflow_id_seq")),
    )
    op.create_index("ix_nodes_node_name", "nodes", ["node_name"], unique=False)
    op.create_index(
        "ix_nodes_workflow_id_parent_node_id",
        "nodes",
        ["workflow_id", "parent_node_id"],
        unique=False,
    )
    op.create_table(
        "generations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.Column("model_provider", sa.String(length=100), nullable=True),
        sa.Column("model_name", sa.String(length=255), nullable=False),
        sa.Column("response_model", sa.String(length=255), nullable=True),
        sa.Column("system_prompt", sa.Text(), nullable=True),
        sa.Column("user_prompt", sa.Text(), nullable=True),
        sa.Column("full_prompt", sa.Text(), nullable=True),
        sa.Column("input_messages", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("parsed_output", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("finish_reasons", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("temperature", sa.Float(), nullable=True),
        sa.Column("max_tokens", sa.Integer(), nullable=True),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("total_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("first_token_ms", sa.Integer(), nullable=True),
        sa.Column("cost", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'completed'"), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("cost_source", sa.Text(), server_default=sa.text("'unknown'"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("legacy_id", sa.String(length=64), nullable=True),
        sa.Column("legacy_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(cost IS NULL) = (cost_source = 'unknown') AND (cost IS NULL) = (currency IS NULL)",
            name=op.f("ck_generations_cost_has_source_and_currency"),
        ),
        sa.CheckConstraint(
            "cost_source IN ('provided', 'computed', 'unknown')",
            name=op.f("ck_generations_cost_source_known"),
        ),
        sa.CheckConstraint(
            "status IN ('completed', 'failed')", name=op.f("ck_generations_status_known")
        ),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_generations_cost_not_negative")),
        sa.ForeignKeyConstraint(
            ["workflow_id", "node_id"],
            ["nodes.workflow_id", "nodes.id"],
            name=op.f("fk_generations_workflow_id_node_id_nodes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_generations_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generations")),
    )
    op.create_index(
        "ix_generations_created_at_id", "generations", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_generations_model_name_created_at",
        "generations",
        ["model_name", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_generations_workflow_id_created_at_id",
        "generations",
        ["workflow_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_generations_workflow_id_node_id",
        "generations",
        ["workflow_id", "node_id"],
        unique=False,
    )
    op.create_table(
        "node_states",
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["node_id"], ["nodes.id"], name=op.f("fk_node_states_node_id_nodes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("node_id", name=op.f("pk_node_states")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("node_states")
    op.drop_index("ix_generations_workflow_id_node_id", table_name="generations")
    op.drop_index("ix_generations_workflow_id_created_at_id", table_name="generations")
    op.drop_index("ix_generations_model_name_created_at", table_name="generations")
    op.drop_index("ix_generations_created_at_id", table_name="generations")
    op.drop_table("generations")
    op.drop_index("ix_nodes_workflow_id_parent_node_id", table_name="nodes")
    op.drop_index("ix_nodes_node_name", table_name="nodes")
    op.drop_table("nodes")
    op.drop_index("ix_idempotency_keys_workflow_id", table_name="idempotency_keys")
    op.drop_index("ix_idempotency_keys_user_id", table_name="idempotency_keys")
    op.drop_index("ix_idempotency_keys_expires_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_workflows_user_id_created_at_id", table_name="workflows")
    op.drop_index("ix_workflows_tags", table_name="workflows", postgresql_using="gin")
    op.drop_index("ix_workflows_status_created_at", table_name="workflows")
    op.drop_index("ix_workflows_session_id", table_name="workflows")
    op.drop_index("ix_workflows_parent_workflow_id", table_name="workflows")
    op.drop_index("ix_workflows_created_at_id", table_name="workflows")
    op.drop_table("workflows")
    op.drop_index("uq_users_username_lower", table_name="users")
    op.drop_index("uq_users_email_lower", table_name="users")
    op.drop_table("users")
    op.drop_index("ix_model_prices_created_at_id", table_name="model_prices")
    op.drop_table("model_prices")
