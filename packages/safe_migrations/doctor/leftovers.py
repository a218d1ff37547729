"""Checks of what failed or unfinished schema changes leave behind."""

from safe_migrations import inspection, unvalidated
from safe_migrations.doctor.finding import Finding, error, fine, listed, warning
from safe_migrations.doctor.patient import Answering, Patient


def invalid_indexes(patient: Patient, database: Answering) -> Finding:
    """Look for indexes that a failed concurrent build left invalid."""
    found = inspection.invalid_indexes(database.connection, patient.project.aside)
    left = [item for item in found if not item.is_being_built]
    if left:
        return error(
            f"Invalid, left by a failed concurrent build: {listed([item.name for item in left])}. "
            "Writes maintain them, and no query uses them.",
            "\n".join(f"DROP INDEX CONCURRENTLY {item.name};" for item in left)
            + "\nflask db upgrade   (builds what a pending revision wants)",
        )
    if found:
        return fine(f"Being built right now: {listed([item.name for item in found])}.")
    return fine("All indexes are valid.")


def unvalidated_constraints(patient: Patient, database: Answering) -> Finding:
    """Look for constraints that were never checked for the rows that were there before."""
    found = unvalidated.constraints(database.connection, patient.project.aside)
    if not found:
        return fine("All constraints are validated.")
    if broken := [item for item in found if unvalidated.is_broken(database.connection, item)]:
        return warning(
            f"NOT VALID, and rows break {listed([str(item) for item in broken])}: VALIDATE fails.",
            "\n".join(f"{item.way_out}   (correct these rows)" for item in broken)
            + "\nflask db doctor   (then says what comes next)",
        )
    return warning(
        f"NOT VALID, so that old rows may break them: {listed([str(item) for item in found])}.",
        "\n".join(f'ALTER TABLE {item.table} VALIDATE CONSTRAINT "{item.name}";' for item in found),
    )
