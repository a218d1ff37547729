-- The prototype's database as its own create_all leaves it on Postgres (revision r3), with the
-- workflows of two users: one that ended well, one that failed.
CREATE TABLE users (
    id serial PRIMARY KEY,
    username varchar(100) NOT NULL,
    email varchar(255),
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL
);
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE UNIQUE INDEX ix_users_email ON users (email);

CREATE TABLE workflows (
    id varchar(36) PRIMARY KEY,
    session_id varchar(255),
    user_id integer NOT NULL REFERENCES users (id),
    name varchar(255) NOT NULL,
    status varchar(50) NOT NULL,
    user_input text NOT NULL,
    input_type varchar(50),
    time_settings json,
    user_intent json,
    search_radius integer,
    final_itinerary json,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    completed_at timestamp
);
CREATE INDEX ix_workflows_session_id ON workflows (session_id);
CREATE INDEX ix_workflows_user_id ON workflows (user_id);

CREATE TABLE nodes (
    id varchar(36) PRIMARY KEY,
    workflow_id varchar(36) NOT NULL REFERENCES workflows (id),
    node_name varchar(255) NOT NULL,
    node_type varchar(100) NOT NULL,
    execution_order integer NOT NULL,
    status varchar(50) NOT NULL,
    state_data json,
    input_data json,
    output_data json,
    error_message text,
    error_traceback text,
    started_at timestamp,
    completed_at timestamp,
    duration_ms integer
);
CREATE INDEX ix_nodes_workflow_id ON nodes (workflow_id);

CREATE TABLE generations (
    id varchar(36) PRIMARY KEY,
    workflow_id varchar(36) NOT NULL REFERENCES workflows (id),
    node_id varchar(36) REFERENCES nodes (id),
    model_name varchar(255) NOT NULL,
    model_provider varchar(100),
    system_prompt text,
    user_prompt text NOT NULL,
    full_prompt text,
    output text NOT NULL,
    parsed_output json,
    temperature double precision,
    max_tokens integer,
    prompt_tokens integer,
    completion_tokens integer,
    total_tokens integer,
    latency_ms integer,
    error_message text,
    created_at timestamp NOT NULL
);
CREATE INDEX ix_generations_node_id ON generations (node_id);
CREATE INDEX ix_generations_workflow_id ON generations (workflow_id);

INSERT INTO users (username, email, created_at, updated_at) VALUES
    ('지민', 'jimin@example.com', '2026-11-02 05:10:00.120000', '2026-11-02 05:10:00.120000'),
    ('민준', NULL, '2026-11-03 09:00:00.500000', '2026-11-03 09:00:00.500000');

INSERT INTO workflows VALUES
    ('0b4d6c5e-63a5-4f0c-9d4e-5b8f0a7c1d01', NULL, 1, 'Trip Planning Workflow', 'completed',
     '홍대에서 데이트하고 싶어', 'region',
     '{"enabled": true, "start_time": "14:00", "duration_hours": 6}',
     '{"location": "홍대", "cafe_required": true}', 2000,
     '[{"order": 1, "start_time": "14:00", "end_time": "16:00", "duration_minutes": 120, "location": {"name": "홍익대학교", "category": "문화시설", "x": 126.9254, "y": 37.5507}}]',
     '2026-11-02 05:10:01.000000', '2026-11-02 05:10:09.250000', '2026-11-02 05:10:09.250000'),
    ('0b4d6c5e-63a5-4f0c-9d4e-5b8f0a7c1d02', NULL, 2, 'Trip Planning Workflow', 'failed',
     '성수동 카페', 'region', 'null', 'null', NULL, NULL,
     '2026-11-03 09:00:01.000000', '2026-11-03 09:00:03.000000', '2026-11-03 09:00:03.000000');

INSERT INTO nodes VALUES
    ('7a1f2e3d-1c2b-4a3d-8e9f-000000000001', '0b4d6c5e-63a5-4f0c-9d4e-5b8f0a7c1d01',
     'analyze_input', 'analysis', 1, 'completed', '{"progress": ["입력 분석 완료"]}', 'null', NULL,
     NULL, NULL, '2026-11-02 05:10:01.100000', '2026-11-02 05:10:01.208000', 108),
    ('7a1f2e3d-1c2b-4a3d-8e9f-000000000002', '0b4d6c5e-63a5-4f0c-9d4e-5b8f0a7c1d01',
     'discover_cafes', 'search', 1, 'completed', NULL, 'null', '{"places_found": 3}',
     NULL, NULL, '2026-11-02 05:10:01.300000', '2026-11-02 05:10:01.352000', 52),
    ('7a1f2e3d-1c2b-4a3d-8e9f-000000000003', '0b4d6c5e-63a5-4f0c-9d4e-5b8f0a7c1d01',
     'discover_dining', 'search', 1, 'skipped', NULL, NULL, '{"skip_reason": "식사 불필요"}',
     NULL, NULL, '2026-11-02 05:10:01.400000', '2026-11-02 05:10:01.400000', NULL),
    ('7a1f2e3d-1c2b-4a3d-8e9f-000000000004', '0b4d6c5e-63a5-4f0c-9d4e-5b8f0a7c1d02',
     'failing_node', 'test', 1, 'failed', NULL, 'null', NULL, '장소를 찾지 못했습니다', NULL,
     '2026-11-03 09:00:02.000000', '2026-11-03 09:00:02.003000', 3);

INSERT INTO generations VALUES
    ('9c8b7a6d-1111-4222-8333-000000000001', '0b4d6c5e-63a5-4f0c-9d4e-5b8f0a7c1d01',
     '7a1f2e3d-1c2b-4a3d-8e9f-000000000001', 'llama3.2', 'ollama', NULL, '홍대', NULL,
     '{"location": "홍대"}', '{"location": "홍대"}', 0.7, NULL, 120, 15, 135, 0, NULL,
     '2026-11-02 05:10:01.150000');
