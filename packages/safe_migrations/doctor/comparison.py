"""A check of the models: whether the database can be compared with them, and is as they are."""

from safe_migrations import inspection
from safe_migrations.autogenerate import beyond, gaps
from safe_migrations.autogenerate.drift import Comparison, compare
from safe_migrations.doctor.finding import Finding, fine, listed, skipped, warning
from safe_migrations.doctor.patient import Answering, Patient
from safe_migrations.standing import standing


def models(patient: Patient, database: Answering) -> Finding:
    """Compare the database with the models."""
    connection = database.connection
    stands = standing(inspection.stored_revisions(connection), patient.project.versions)
    if stands.pending or stands.unknown:
        return skipped("The models are not looked at as long as the revisions differ.")
    if inspection.foreign(connection, patient.project):
        return skipped("The models are not looked at: the tables are not theirs.")
    beside = beyond.notes(connection, patient.project.tables)
    compared = _compared(patient, database)
    more = [*gaps.said(compared.incomplete), *([beyond.said(beside)] if beside else [])]
    if names := _named(compared):
        said = f"The models and the database differ in {listed(names)}."
        return warning(" ".join([said, *more]), "flask db check   (names each difference)")
    if compared.incomplete:
        return warning(" ".join(more), "flask db check")
    return fine(" ".join(["The database is as the models want it.", *more]))


def differing_tables(patient: Patient, database: Answering) -> list[str]:
    """Name the tables that are not as the models want them."""
    return _named(_compared(patient, database))


def _compared(patient: Patient, database: Answering) -> Comparison:
    # The comparison works in a transaction of its own, which it rolls back.
    with database.connection.engine.connect() as found:
        own = found.execution_options(isolation_level="READ COMMITTED")
        others = patient.settings.schema_other_tables
        return compare(own, patient.project.tables, others, patient.project.options)


def _named(compared: Comparison) -> list[str]:
    return sorted({item.table or item.name for item in compared.differences})
