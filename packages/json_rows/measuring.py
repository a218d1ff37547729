"""Pages of rows that may be large: measured by Postgres, and cut before they are too much."""

PAGE_BYTES = 8 * 1024 * 1024
"""Most JSON in a page of several rows: two of the largest bodies, which clients can take in."""

IN_MEMORY = "SET LOCAL work_mem = '64MB'"
"""Once a window of rows goes to disk, Postgres reads all of them, also those beyond the page."""


def measured(page: str) -> str:
    """End a page before the row that would make it larger than PAGE_BYTES; the first may be.

    That row comes without its JSON, and those after it are not even read: Postgres stops where a
    running count goes beyond a constant ("Run Condition" in its plans, PostgreSQL 15 and later).
    """
    until_here = "ROWS UNBOUNDED PRECEDING"
    # OFFSET 0 keeps the planner from writing the JSON once for its length and once to be sent.
    return f"""SELECT CASE WHEN beyond = 0 THEN json END, key, id
FROM (
    SELECT *, count(CASE WHEN total > {PAGE_BYTES} AND total > size THEN 1 END) OVER ({until_here})
        AS beyond
    FROM (
        SELECT *, sum(size) OVER ({until_here}) AS total
        FROM (
            SELECT *, octet_length(json::text) AS size
            FROM ({page} OFFSET 0) AS page (json, key, id)
        ) AS sized
    ) AS summed
) AS counted
WHERE beyond <= 1"""
