"""The trip planner's system of record: a Flask service on serverless Postgres."""
