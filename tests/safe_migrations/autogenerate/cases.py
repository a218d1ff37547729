"""A schema with one of everything, and the ways in which a database comes to differ from it."""

from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, INT4RANGE, ExcludeConstraint


def models(schema: str | None = None) -> MetaData:
    """Describe the tables, in a schema of their own or in the default one."""
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    place = f"{schema}." if schema else ""
    Table(
        "users",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("name", String(50), nullable=False, comment="As the user writes it."),
        Column("nick", String(20)),
        Column("email", Text, nullable=False),
        Column("age", Integer, server_default=text("18")),
        Column("state", Text, server_default=text("'new'"), nullable=False),
        Column(
            "level", Enum("low", "high", name="level", native_enum=False, create_constraint=True)
        ),
        Column(
            "mood",
            ENUM("sad", "ok", "glad", name="mood", schema=schema),
            server_default=text("'ok'"),
        ),
        Column("code", Text(collation="C")),
        Column("slug", Text, Computed("lower(name)", persisted=True)),
        Column("tags", ARRAY(Text), server_default=text("'{}'"), nullable=False),
        Column("created_at", DateTime(timezone=True), server_default=text("now()"), nullable=False),
        CheckConstraint("age > 0", name="age_positive"),
        CheckConstraint("state IN ('new', 'old')", name="state_known"),
        UniqueConstraint("email"),
        Index("ix_users_nick", "nick"),
        Index("ix_users_new", "created_at", postgresql_where=text("state = 'new'")),
        Index("ix_users_tags", "tags", postgresql_using="gin"),
        Index("ix_users_age", "age", postgresql_include=["name"]),
        Index("ix_users_created_at", text("created_at DESC")),
        Index("ix_users_code", "code", postgresql_ops={"code": "text_pattern_ops"}),
        Index("ix_users_lower", text("lower(name)"), unique=True),
        schema=schema,
        comment="Who books.",
    )
    Table(
        "bookings",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", ForeignKey(f"{place}users.id", ondelete="CASCADE"), nullable=False),
        Column("days", INT4RANGE, nullable=False),
        Column("note", Text),
        ExcludeConstraint(("days", "&&"), name="bookings_apart", using="gist"),
        Index("ix_bookings_user_id", "user_id"),
        schema=schema,
    )
    return metadata


METADATA = models()

ROWS = (
    "INSERT INTO users (name, email, nick) VALUES ('Ada', 'a@b.c', 'a'), ('Bo', 'b@b.c', 'b')",
    "INSERT INTO bookings (user_id, days) VALUES (1, '[1,3)'), (2, '[5,9)')",
)


@dataclass(frozen=True, slots=True)
class Case:
    """Statements that make the database differ, and the kinds of differences to be found.

    `files` are the titles of the revisions that remove them, `comes_back` is False where a
    downgrade rightly leaves things mended.
    """

    name: str
    statements: tuple[str, ...]
    kinds: tuple[str, ...]
    files: tuple[str, ...] = ("",)
    comes_back: bool = True
    rename: str | None = None

    def renames(self, schema: str | None = None) -> list[str]:
        """Write the rename that it is, if it is one, for tables in a schema."""
        if not self.rename or not schema:
            return [self.rename] if self.rename else []
        old, _, new = self.rename.partition(":")
        return [f"{schema}.{old}:{new}" if "." in old else f"{schema}.{old}:{schema}.{new}"]


BOTH = ("", "validate")

CASES = (
    Case("table missing", ("DROP TABLE bookings",), ("add_table", "add_index")),
    Case("table unknown", ("CREATE TABLE other (id int PRIMARY KEY)",), ("remove_table",)),
    Case(
        "column missing",
        ("ALTER TABLE users DROP age CASCADE",),
        ("add_column", "add_constraint", "add_index"),
        ("", "validate", "indexes"),
    ),
    Case("column unknown", ("ALTER TABLE users ADD extra int",), ("remove_column",)),
    Case(
        "column unknown, with index and CHECK",
        (
            "ALTER TABLE users ADD extra int CHECK (extra > 0)",
            "CREATE INDEX extra_ix ON users (extra)",
        ),
        ("remove_constraint", "remove_index", "remove_column"),
    ),
    Case("type narrower", ("ALTER TABLE users ALTER nick TYPE varchar(10)",), ("change_column",)),
    Case(
        "type text where integer is wanted",
        (
            "ALTER TABLE users DROP CONSTRAINT ck_users_age_positive",
            "ALTER TABLE users ALTER age DROP DEFAULT, ALTER age TYPE text",
            "ALTER TABLE users ALTER age SET DEFAULT '7'",
        ),
        ("change_column", "add_constraint"),
        BOTH,
    ),
    Case("collation", ("ALTER TABLE users ALTER code TYPE text",), ("change_column",)),
    Case(
        "NOT NULL missing",
        ("ALTER TABLE users ALTER email DROP NOT NULL",),
        ("change_column",),
        BOTH,
    ),
    Case("NOT NULL too much", ("ALTER TABLE users ALTER nick SET NOT NULL",), ("change_column",)),
    Case(
        "server default changed",
        ("ALTER TABLE users ALTER state SET DEFAULT 'old'",),
        ("change_column",),
    ),
    Case(
        "server default missing", ("ALTER TABLE users ALTER age DROP DEFAULT",), ("change_column",)
    ),
    Case(
        "server default unknown",
        ("ALTER TABLE users ALTER nick SET DEFAULT 'x'",),
        ("change_column",),
    ),
    Case("comment on a column", ("COMMENT ON COLUMN users.name IS 'Old.'",), ("change_column",)),
    Case("comment on a table", ("COMMENT ON TABLE users IS 'Old.'",), ("add_table_comment",)),
    Case(
        "CHECK changed under its name",
        (
            "ALTER TABLE users DROP CONSTRAINT ck_users_age_positive",
            "ALTER TABLE users ADD CONSTRAINT ck_users_age_positive CHECK (age > 1)",
        ),
        ("change_constraint",),
        BOTH,
    ),
    Case(
        "CHECK missing",
        ("ALTER TABLE users DROP CONSTRAINT ck_users_age_positive",),
        ("add_constraint",),
        BOTH,
    ),
    Case(
        "CHECK unknown",
        ("ALTER TABLE users ADD CONSTRAINT extra CHECK (age < 200)",),
        ("remove_constraint",),
    ),
    Case(
        "CHECK NOT VALID",
        (
            "ALTER TABLE users DROP CONSTRAINT ck_users_age_positive",
            "ALTER TABLE users ADD CONSTRAINT ck_users_age_positive CHECK (age > 0) NOT VALID",
        ),
        ("validate_constraint",),
        ("validate",),
        comes_back=False,
    ),
    Case(
        "CHECK under another name",
        ("ALTER TABLE users RENAME CONSTRAINT ck_users_age_positive TO age_check",),
        ("rename_constraint",),
    ),
    Case(
        "values of a text column (one_of)",
        (
            "ALTER TABLE users DROP CONSTRAINT ck_users_state_known",
            "ALTER TABLE users ADD CONSTRAINT ck_users_state_known CHECK (state IN ('new'))",
        ),
        ("change_constraint",),
        BOTH,
    ),
    Case(
        "values of a non-native enum",
        (
            "ALTER TABLE users DROP CONSTRAINT ck_users_level",
            "ALTER TABLE users ADD CONSTRAINT ck_users_level CHECK (level IN ('low'))",
        ),
        ("change_constraint",),
        BOTH,
    ),
    Case(
        "native enum missing with its column",
        ("ALTER TABLE users DROP mood", "DROP TYPE mood"),
        ("add_enum", "add_column"),
    ),
    Case(
        "native enum lacks a value",
        (
            "ALTER TABLE users ALTER mood DROP DEFAULT, ALTER mood TYPE text",
            "DROP TYPE mood",
            "CREATE TYPE mood AS ENUM ('sad', 'ok')",
            "ALTER TABLE users ALTER mood TYPE mood USING mood::mood, ALTER mood SET DEFAULT 'ok'",
        ),
        ("change_enum",),
        ("values of enums",),
    ),
    Case(
        "native enum has a value too many",
        ("ALTER TYPE mood ADD VALUE 'extra'",),
        ("change_enum",),
        ("values of enums",),
    ),
    Case("native enum unknown", ("CREATE TYPE other AS ENUM ('a')",), ("remove_enum",)),
    Case(
        "text where a native enum is wanted",
        (
            "ALTER TABLE users ALTER mood DROP DEFAULT, ALTER mood TYPE text",
            "ALTER TABLE users ALTER mood SET DEFAULT 'ok'",
            "DROP TYPE mood",
        ),
        ("add_enum", "change_column"),
    ),
    Case("index missing", ("DROP INDEX ix_users_nick",), ("add_index",), ("indexes",)),
    Case(
        "index unknown",
        ("CREATE INDEX extra ON users (name, lower(nick) DESC) WHERE age > 3",),
        ("remove_index",),
        ("indexes",),
    ),
    Case(
        "index under another name",
        ("ALTER INDEX ix_users_nick RENAME TO other",),
        ("rename_index",),
    ),
    Case(
        "index on other columns",
        ("DROP INDEX ix_users_nick", "CREATE INDEX ix_users_nick ON users (nick, name)"),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index not unique",
        ("DROP INDEX ix_users_lower", "CREATE INDEX ix_users_lower ON users (lower(name))"),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index's WHERE",
        (
            "DROP INDEX ix_users_new",
            "CREATE INDEX ix_users_new ON users (created_at) WHERE state = 'old'",
        ),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index's method",
        ("DROP INDEX ix_users_nick", "CREATE INDEX ix_users_nick ON users USING hash (nick)"),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index's INCLUDE",
        ("DROP INDEX ix_users_age", "CREATE INDEX ix_users_age ON users (age) INCLUDE (nick)"),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index's order",
        (
            "DROP INDEX ix_users_created_at",
            "CREATE INDEX ix_users_created_at ON users (created_at)",
        ),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index's operator class",
        ("DROP INDEX ix_users_code", "CREATE INDEX ix_users_code ON users (code)"),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index's expression",
        ("DROP INDEX ix_users_lower", "CREATE UNIQUE INDEX ix_users_lower ON users (upper(name))"),
        ("change_index",),
        ("indexes",),
    ),
    Case(
        "index INVALID",
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_users_nick'::regclass",),
        ("rebuild_index",),
        ("indexes",),
        comes_back=False,
    ),
    Case(
        "UNIQUE missing",
        ("ALTER TABLE users DROP CONSTRAINT uq_users_email",),
        ("add_constraint",),
        ("indexes",),
    ),
    Case(
        "UNIQUE on other columns",
        (
            "ALTER TABLE users DROP CONSTRAINT uq_users_email",
            "ALTER TABLE users ADD CONSTRAINT uq_users_email UNIQUE (email, name)",
        ),
        ("change_constraint",),
        ("indexes",),
    ),
    Case(
        "UNIQUE unknown",
        ("ALTER TABLE users ADD CONSTRAINT extra UNIQUE (nick)",),
        ("remove_constraint",),
    ),
    Case(
        "primary key on other columns",
        (
            "ALTER TABLE bookings DROP CONSTRAINT pk_bookings",
            "ALTER TABLE bookings ADD CONSTRAINT pk_bookings PRIMARY KEY (id, user_id)",
        ),
        ("change_constraint",),
        ("indexes",),
    ),
    Case(
        "primary key missing",
        ("ALTER TABLE bookings DROP CONSTRAINT pk_bookings",),
        ("add_constraint",),
        ("indexes",),
    ),
    Case(
        "primary key under another name",
        ("ALTER TABLE bookings RENAME CONSTRAINT pk_bookings TO bookings_pkey",),
        ("rename_constraint",),
    ),
    Case(
        "EXCLUDE missing",
        ("ALTER TABLE bookings DROP CONSTRAINT bookings_apart",),
        ("add_constraint",),
    ),
    Case(
        "EXCLUDE with another operator",
        (
            "ALTER TABLE bookings DROP CONSTRAINT bookings_apart",
            "ALTER TABLE bookings ADD CONSTRAINT bookings_apart EXCLUDE USING gist (days WITH =)",
        ),
        ("change_constraint",),
    ),
    Case(
        "foreign key missing",
        ("ALTER TABLE bookings DROP CONSTRAINT fk_bookings_user_id_users",),
        ("add_fk",),
        BOTH,
    ),
    Case(
        "foreign key with another action",
        (
            "ALTER TABLE bookings DROP CONSTRAINT fk_bookings_user_id_users",
            (
                "ALTER TABLE bookings ADD CONSTRAINT fk_bookings_user_id_users "
                "FOREIGN KEY (user_id) REFERENCES users (id)"
            ),
        ),
        ("remove_fk", "add_fk"),
        BOTH,
    ),
    Case(
        "foreign key under another name",
        ("ALTER TABLE bookings RENAME CONSTRAINT fk_bookings_user_id_users TO whose",),
        ("rename_constraint",),
    ),
    Case(
        "foreign key NOT VALID",
        (
            "ALTER TABLE bookings DROP CONSTRAINT fk_bookings_user_id_users",
            (
                "ALTER TABLE bookings ADD CONSTRAINT fk_bookings_user_id_users "
                "FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID"
            ),
        ),
        ("validate_constraint",),
        ("validate",),
        comes_back=False,
    ),
    Case(
        "computed expression",
        (
            "ALTER TABLE users DROP slug",
            "ALTER TABLE users ADD slug text GENERATED ALWAYS AS (upper(name)) STORED",
        ),
        ("change_computed",),
    ),
    Case(
        "plain column where a computed one is wanted",
        ("ALTER TABLE users ALTER slug DROP EXPRESSION",),
        ("change_computed",),
    ),
    Case(
        "serial where identity is wanted",
        (
            "ALTER TABLE users ALTER id DROP IDENTITY",
            "CREATE SEQUENCE users_id_seq AS integer OWNED BY users.id",
            "ALTER TABLE users ALTER id SET DEFAULT nextval('users_id_seq')",
            "SELECT setval('users_id_seq', 2)",
        ),
        ("change_source",),
    ),
    Case(
        "identity where serial is wanted",
        (
            "ALTER TABLE bookings ALTER id DROP DEFAULT",
            "DROP SEQUENCE bookings_id_seq",
            "ALTER TABLE bookings ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        ),
        ("change_source",),
    ),
    Case(
        "column renamed",
        ("ALTER TABLE users RENAME nick TO alias",),
        ("rename_column",),
        ("",),
        rename="users.alias:nick",
    ),
    Case(
        "table renamed",
        ("ALTER TABLE bookings RENAME TO stays",),
        ("rename_table",),
        ("",),
        rename="stays:bookings",
    ),
)
