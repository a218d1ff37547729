"""The prototype's tables on Postgres, as its `create_all` makes them, in each of its revisions."""

REVISIONS = ("r1", "r2", "r3")

_WORKFLOWS = {
    "r1": ("", "date_theme json,"),
    "r2": ("session_id varchar(255),", "date_theme json,"),
    "r3": ("session_id varchar(255),", ""),
}


def create(revision: str = "r3", alembic: str | None = None) -> tuple[str, ...]:
    """Write the statements that make them; `alembic` is what its `alembic_version` holds."""
    key = "serial" if revision == "r1" else "varchar(36)"
    reference = "integer" if revision == "r1" else "varchar(36)"
    session, theme = _WORKFLOWS[revision]
    tables = f"""
        CREATE TABLE users (
            id serial PRIMARY KEY, username varchar(100) NOT NULL, email varchar(255),
            created_at timestamp NOT NULL, updated_at timestamp NOT NULL
        );
        CREATE TABLE workflows (
            id {key} PRIMARY KEY, {session} user_id integer NOT NULL REFERENCES users,
            name varchar(255) NOT NULL, status varchar(50) NOT NULL, user_input text NOT NULL,
            input_type varchar(50), time_settings json, {theme} user_intent json,
            search_radius integer, final_itinerary json, created_at timestamp NOT NULL,
            updated_at timestamp NOT NULL, completed_at timestamp
        );
        CREATE TABLE nodes (
            id {key} PRIMARY KEY, workflow_id {reference} NOT NULL REFERENCES workflows,
            node_name varchar(255) NOT NULL, node_type varchar(100) NOT NULL,
            execution_order integer NOT NULL, status varchar(50) NOT NULL, state_data json,
            input_data json, output_data json, error_message text, error_traceback text,
            started_at timestamp, completed_at timestamp, duration_ms integer
        );
        CREATE TABLE generations (
            id {key} PRIMARY KEY, workflow_id {reference} NOT NULL REFERENCES workflows,
            node_id {reference} REFERENCES nodes, model_name varchar(255) NOT NULL,
            model_provider varchar(100), system_prompt text, user_prompt text NOT NULL,
            full_prompt text, output text NOT NULL, parsed_output json, temperature float,
            max_tokens integer, prompt_tokens integer, completion_tokens integer,
            total_tokens integer, latency_ms integer, error_message text,
            created_at timestamp NOT NULL
        );
        CREATE UNIQUE INDEX ix_users_username ON users (username);
        CREATE UNIQUE INDEX ix_users_email ON users (email);
        CREATE INDEX ix_workflows_user_id ON workflows (user_id);
        CREATE INDEX ix_nodes_workflow_id ON nodes (workflow_id);
        CREATE INDEX ix_generations_workflow_id ON generations (workflow_id);
        CREATE INDEX ix_generations_node_id ON generations (node_id);
        INSERT INTO users (username, created_at, updated_at) VALUES ('지민', now(), now());
    """
    return (tables, *(stamped(alembic) if alembic is not None else ()))


def stamped(revision: str) -> tuple[str, ...]:
    """Write the statements that make an `alembic_version`; an empty revision leaves it empty."""
    rows = (f"INSERT INTO alembic_version VALUES ('{revision}')",) if revision else ()
    table = (
        "CREATE TABLE alembic_version (version_num varchar(32) "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY)"
    )
    return (table, *rows)
