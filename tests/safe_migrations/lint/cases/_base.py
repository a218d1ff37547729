"""Create the tables that the cases change, with rows in mind: all of them are in use.

Its id is `start`, as Alembic keeps `base` for the state before the first revision.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "start"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("username", sa.String(100), nullable=False),
        sa.Column("nickname", sa.String(20)),
        sa.Column("bio", sa.Text()),
        sa.Column("phone", sa.String(40)),
        sa.Column("country", sa.String(2)),
        sa.Column("city", sa.Text()),
        sa.Column("plan", sa.Text(), server_default="free", nullable=False),
        sa.Column("login_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settings", sa.JSON()),
        sa.Column("profile", postgresql.JSONB()),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("country IS NOT NULL", name=op.f("ck_users_country_present")),
    )
    op.create_index("ix_users_username", "users", ["username"], unique=True)
    op.create_index("ix_users_nickname", "users", ["nickname"])
    op.create_index(
        "ix_users_paying", "users", ["email"], postgresql_where=sa.text("plan <> 'free'")
    )
    op.create_check_constraint(
        op.f("ck_users_city_present"), "users", "city IS NOT NULL", postgresql_not_valid=True
    )
    op.execute("ALTER TABLE users ADD CONSTRAINT users_phone_present NOT NULL phone NOT VALID")

    op.create_table(
        "trips",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column(
            "status",
            sa.Enum("planned", "booked", "done", name="trip_status"),
            nullable=False,
            server_default="planned",
        ),
        sa.Column("budget", sa.Numeric(10, 2)),
        sa.Column("party_size", sa.Integer()),
        sa.Column("starts_on", sa.Date()),
        sa.Column("ends_on", sa.Date()),
        sa.Column("notes", sa.Text()),
        sa.CheckConstraint("party_size > 0", name=op.f("ck_trips_party_size")),
    )
    op.create_index("ix_trips_user_id", "trips", ["user_id"])

    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("trip_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer()),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("room", sa.String(20)),
        sa.Column("stay", postgresql.TSRANGE()),
        sa.Column("booked_at", sa.DateTime(timezone=True)),
    )
    op.create_foreign_key(
        "fk_bookings_user_id", "bookings", "users", ["user_id"], ["id"], postgresql_not_valid=True
    )
    op.create_index("ux_bookings_reference", "bookings", ["reference"], unique=True)

    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer()),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("payload", sa.JSON()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
    )
    op.create_table(
        "currencies",
        sa.Column("code", sa.String(3), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
    )
    op.create_index("ux_audit_log_id", "audit_log", ["id"], unique=True)
    op.execute("CREATE UNLOGGED TABLE imported_rows (line text NOT NULL)")

    op.execute(
        "CREATE TABLE measurements (id bigint NOT NULL, recorded_at timestamptz NOT NULL, "
        "value numeric, PRIMARY KEY (id, recorded_at)) PARTITION BY RANGE (recorded_at)"
    )
    op.execute(
        "CREATE TABLE measurements_2025 PARTITION OF measurements "
        "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"
    )
    op.execute("CREATE TABLE measurements_2023 (LIKE measurements INCLUDING ALL)")
    op.execute(
        "CREATE TABLE measurements_2024 (LIKE measurements INCLUDING ALL, "
        "CONSTRAINT ck_measurements_2024 CHECK "
        "(recorded_at >= '2024-01-01' AND recorded_at < '2025-01-01'))"
    )

    op.execute("CREATE TABLE logs (kind text NOT NULL, line text) PARTITION BY LIST (kind)")
    op.execute("CREATE TABLE logs_bc (LIKE logs, CHECK (kind IN ('b', 'c')))")

    # Names that SQL keeps for itself.
    op.create_table(
        "order",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("group", sa.String(20)),
        sa.Column("user", sa.Integer()),
        sa.Column("tags", postgresql.ARRAY(sa.String(20))),
    )

    op.execute(
        "CREATE MATERIALIZED VIEW popular_cities AS "
        "SELECT city, count(*) AS visitors FROM users WHERE city IS NOT NULL GROUP BY city"
    )
    op.execute("CREATE UNIQUE INDEX ux_popular_cities_city ON popular_cities (city)")


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW popular_cities")
    for table in (
        *("order", "logs_bc", "logs"),
        *("measurements_2024", "measurements_2023", "measurements", "imported_rows"),
        *("audit_log", "currencies", "events", "bookings", "trips", "users"),
    ):
        op.drop_table(table)
    op.execute("DROP TYPE trip_status")
