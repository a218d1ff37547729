"""Add keys, interactions, itineraries and shares.

Revision cccbbbf8617c, of 2026-11-27; it follows 2265b2cccac8.

The service keeps running on the schema before this revision while it is applied, and code of the
release before may run after it: add first, remove in a later release. Where that can't be, write
`BREAKS_RELEASE_BEFORE = True` below, so that such code refuses to run.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "cccbbbf8617c"
down_revision = "2265b2cccac8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(reach = 'user') = (user_id IS NOT NULL)", name=op.f("ck_api_keys_reach_says_whose")
        ),
        sa.CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['ingest', 'read', 'write', 'admin']",
            name=op.f("ck_api_keys_scopes_known"),
        ),
        sa.CheckConstraint("reach IN ('all', 'user')", name=op.f("ck_api_keys_reach_known")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_api_keys_digest_is_sha256")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("principal", sa.String(length=100), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_audit_events_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_table(
        "user_identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_identities_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_user_identities")),
    )
    op.create_table(
        "itineraries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.Uuid(), nullable=True),
        sa.Column("created_via", sa.Text(), server_default=sa.text("'user'"), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("plan_date", sa.Date(), nullable=True),
        sa.Column(
            "timezone", sa.String(length=64), server_default=sa.text("'Asia/Seoul'"), nullable=False
        ),
        sa.Column("current_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint(
            "created_via IN ('agent', 'user', 'import')",
            name=op.f("ck_itineraries_created_via_known"),
        ),
        sa.CheckConstraint(
            "current_version >= 1", name=op.f("ck_itineraries_current_version_positive")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_itineraries_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_itineraries_workflow_id_workflows"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_itineraries")),
    )
    op.create_table(
        "interactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("step", sa.String(length=255), nullable=True),
        sa.Column("choices", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answer IS NULL)",
            name=op.f("ck_interactions_answered_at_iff_answer"),
        ),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answer_id IS NULL)",
            name=op.f("ck_interactions_answered_at_iff_answer_id"),
        ),
        sa.CheckConstraint(
            "answered_at >= requested_at", name=op.f("ck_interactions_answered_after_requested")
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_interactions_seq_positive")),
        sa.ForeignKeyConstraint(
            ["workflow_id", "node_id"],
            ["nodes.workflow_id", "nodes.id"],
            name=op.f("fk_interactions_workflow_id_node_id_nodes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_interactions_workflow_id_workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interactions")),
    )
    op.create_table(
        "itinerary_members",
        sa.Column("itinerary_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'editor', 'viewer')", name=op.f("ck_itinerary_members_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["itinerary_id"],
            ["itineraries.id"],
            name=op.f("fk_itinerary_members_itinerary_id_itineraries"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_itinerary_members_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_itinerary_members")),
        sa.UniqueConstraint(
            "itinerary_id", "user_id", name=op.f("uq_itinerary_members_itinerary_id_user_id")
        ),
    )
    op.create_table(
        "itinerary_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("plan_date", sa.Date(), nullable=True),
        sa.Column(
            "timezone", sa.String(length=64), server_default=sa.text("'Asia/Seoul'"), nullable=False
        ),
        sa.Column("itinerary_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("restored_from", sa.Integer(), nullable=True),
        sa.Column("item_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_itinerary_versions_number_positive")),
        sa.CheckConstraint(
            "restored_from < number", name=op.f("ck_itinerary_versions_restored_from_before")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["users.id"],
            name=op.f("fk_itinerary_versions_author_id_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["itinerary_id"],
            ["itineraries.id"],
            name=op.f("fk_itinerary_versions_itinerary_id_itineraries"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_itinerary_versions_workflow_id_workflows"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_itinerary_versions")),
        sa.UniqueConstraint(
            "itinerary_id", "number", name=op.f("uq_itinerary_versions_itinerary_id_number")
        ),
    )
    op.create_table(
        "itinerary_items",
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("place", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("leg", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "category IN ('activity', 'dining', 'cafe', 'drinking', 'other')",
            name=op.f("ck_itinerary_items_category_known"),
        ),
        sa.CheckConstraint(
            "place ->> 'name' IS NOT NULL", name=op.f("ck_itinerary_items_place_has_name")
        ),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 1 AND 20160",
            name=op.f("ck_itinerary_items_duration_minutes_range"),
        ),
        sa.CheckConstraint("position >= 1", name=op.f("ck_itinerary_items_position_positive")),
        sa.CheckConstraint(
            "start_minute >= 0 AND start_minute < 20160",
            name=op.f("ck_itinerary_items_start_minute_range"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["itinerary_versions.id"],
            name=op.f("fk_itinerary_items_version_id_itinerary_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_itinerary_items")),
    )
    op.create_table(
        "share_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pinned_version", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("itinerary_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('web', 'ics')", name=op.f("ck_share_links_kind_known")),
        sa.CheckConstraint(
            "octet_length(digest) = 32", name=op.f("ck_share_links_digest_is_sha256")
        ),
        sa.CheckConstraint(
            "pinned_version >= 1", name=op.f("ck_share_links_pinned_version_positive")
        ),
        sa.ForeignKeyConstraint(
            ["itinerary_id", "created_by"],
            ["itinerary_members.itinerary_id", "itinerary_members.user_id"],
            name=op.f("fk_share_links_itinerary_id_created_by_itinerary_members"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["itinerary_id", "pinned_version"],
            ["itinerary_versions.itinerary_id", "itinerary_versions.number"],
            name=op.f("fk_share_links_itinerary_id_pinned_version_itinerary_versions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["itinerary_id"],
            ["itineraries.id"],
            name=op.f("fk_share_links_itinerary_id_itineraries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_links")),
    )
    op.create_index("ix_api_keys_client_id", "api_keys", ["client_id"], unique=False)
    op.create_index("ix_api_keys_created_at_id", "api_keys", ["created_at", "id"], unique=False)
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"], unique=False)
    op.create_index("uq_api_keys_digest", "api_keys", ["digest"], unique=True)
    op.create_index(op.f("ix_audit_events_at"), "audit_events", ["at"], unique=False)
    op.create_index(op.f("ix_audit_events_user_id"), "audit_events", ["user_id"], unique=False)
    op.create_index(
        op.f("ix_user_identities_user_id"), "user_identities", ["user_id"], unique=False
    )
    op.create_index(
        "ix_itineraries_created_at_id", "itineraries", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_itineraries_user_id_created_at_id",
        "itineraries",
        ["user_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_itineraries_workflow_id", "itineraries", ["workflow_id"], unique=False)
    op.create_index(
        "ix_interactions_workflow_id_node_id",
        "interactions",
        ["workflow_id", "node_id"],
        unique=False,
    )
    op.create_index(
        "uq_interactions_workflow_id_seq", "interactions", ["workflow_id", "seq"], unique=True
    )
    op.create_index(
        "uq_interactions_workflow_id_unanswered",
        "interactions",
        ["workflow_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index(
        "ix_itinerary_members_user_id_itinerary_id",
        "itinerary_members",
        ["user_id", "itinerary_id"],
        unique=False,
    )
    op.create_index(
        "uq_itinerary_members_itinerary_id_owner",
        "itinerary_members",
        ["itinerary_id"],
        unique=True,
        postgresql_where=sa.text("role = 'owner'"),
    )
    op.create_index(
        "ix_itinerary_versions_author_id", "itinerary_versions", ["author_id"], unique=False
    )
    op.create_index(
        "ix_itinerary_versions_workflow_id", "itinerary_versions", ["workflow_id"], unique=False
    )
    op.create_index(
        "uq_itinerary_items_version_id_item_id",
        "itinerary_items",
        ["version_id", "item_id"],
        unique=True,
    )
    op.create_index(
        "uq_itinerary_items_version_id_position",
        "itinerary_items",
        ["version_id", "position"],
        unique=True,
    )
    op.create_index(
        "ix_share_links_itinerary_id_created_at_id",
        "share_links",
        ["itinerary_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_share_links_itinerary_id_created_by",
        "share_links",
        ["itinerary_id", "created_by"],
        unique=False,
    )
    op.create_index(
        "ix_share_links_itinerary_id_pinned_version",
        "share_links",
        ["itinerary_id", "pinned_version"],
        unique=False,
    )
    op.create_index("uq_share_links_digest", "share_links", ["digest"], unique=True)
    op.add_column("idempotency_keys", sa.Column("itinerary_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_idempotency_keys_itinerary_id_itineraries"),
        "idempotency_keys",
        "itineraries",
        ["itinerary_id"],
        ["id"],
        ondelete="CASCADE",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_constraint(
        op.f("fk_idempotency_keys_itinerary_id_itineraries"), "idempotency_keys", type_="foreignkey"
    )
    op.drop_column("idempotency_keys", "itinerary_id")
    op.drop_index("uq_share_links_digest", table_name="share_links")
    op.drop_index("ix_share_links_itinerary_id_pinned_version", table_name="share_links")
    op.drop_index("ix_share_links_itinerary_id_created_by", table_name="share_links")
    op.drop_index("ix_share_links_itinerary_id_created_at_id", table_name="share_links")
    op.drop_index("uq_itinerary_items_version_id_position", table_name="itinerary_items")
    op.drop_index("uq_itinerary_items_version_id_item_id", table_name="itinerary_items")
    op.drop_index("ix_itinerary_versions_workflow_id", table_name="itinerary_versions")
    op.drop_index("ix_itinerary_versions_author_id", table_name="itinerary_versions")
    op.drop_index(
        "uq_itinerary_members_itinerary_id_owner",
        table_name="itinerary_members",
        postgresql_where=sa.text("role = 'owner'"),
    )
    op.drop_index("ix_itinerary_members_user_id_itinerary_id", table_name="itinerary_members")
    op.drop_index(
        "uq_interactions_workflow_id_unanswered",
        table_name="interactions",
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.drop_index("uq_interactions_workflow_id_seq", table_name="interactions")
    op.drop_index("ix_interactions_workflow_id_node_id", table_name="interactions")
    op.drop_index("ix_itineraries_workflow_id", table_name="itineraries")
    op.drop_index("ix_itineraries_user_id_created_at_id", table_name="itineraries")
    op.drop_index("ix_itineraries_created_at_id", table_name="itineraries")
    op.drop_index(op.f("ix_user_identities_user_id"), table_name="user_identities")
    op.drop_index(op.f("ix_audit_events_user_id"), table_name="audit_events")
    op.drop_index(op.f("ix_audit_events_at"), table_name="audit_events")
    op.drop_index("uq_api_keys_digest", table_name="api_keys")
    op.drop_index("ix_api_keys_user_id", table_name="api_keys")
    op.drop_index("ix_api_keys_created_at_id", table_name="api_keys")
    op.drop_index("ix_api_keys_client_id", table_name="api_keys")
    op.drop_table("share_links")
    op.drop_table("itinerary_items")
    op.drop_table("itinerary_versions")
    op.drop_table("itinerary_members")
    op.drop_table("interactions")
    op.drop_table("itineraries")
    op.drop_table("user_identities")
    op.drop_table("audit_events")
    op.drop_table("api_keys")
