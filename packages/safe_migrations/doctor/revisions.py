"""Checks of the revisions: those of the files, and what the database has of them."""

from plain_commands.errors import PlainError
from safe_migrations import inspection
from safe_migrations.doctor.comparison import differing_tables
from safe_migrations.doctor.finding import Finding, error, fine, listed, warning
from safe_migrations.doctor.patient import Answering, Patient
from safe_migrations.errors import ExitCode
from safe_migrations.foreign import Foreign
from safe_migrations.revisions import revisions
from safe_migrations.standing import Standing, standing, with_ancestors


def heads(patient: Patient) -> Finding:
    """Check that the files have one newest revision."""
    try:
        found = standing(None, patient.project.versions).heads
    except PlainError as trouble:
        return error(
            trouble.detail,
            "Correct the file in versions/; each has a revision and a down_revision.",
        )
    if not found:
        return warning("There are no revisions yet.", 'flask db migrate -m "First tables"')
    if len(found) > 1:
        names = " and ".join(map(str, found))
        return error(
            f"The revisions have several heads: {names}. Two people wrote one after the same.",
            f"flask db rebase {found[-1].revision}   (while it is deployed nowhere)\n"
            'flask db merge heads -m "Join the branches"   (otherwise)',
            ExitCode.SEVERAL_HEADS,
        )
    return fine(f"The revisions have one head, {found[0]}.")


def revision(patient: Patient, database: Answering) -> Finding:
    """Check that the database is at the head, by way of revisions that the files have."""
    stored = inspection.stored_revisions(database.connection)
    stands = standing(stored, patient.project.versions, inspection.history(database.connection))
    if foreign := inspection.foreign(database.connection, patient.project):
        return _foreign(foreign, patient, database)
    if stands.unknown:
        return _ahead(stands) if stands.is_ahead else _unknown(stands, patient, database)
    if not stored:
        return _unversioned(database, stands)
    if problem := _several_rows(patient, stored):
        return problem
    if stands.pending:
        return _behind(stands)
    return fine(f"The database is at revision {', '.join(stored)}, the newest.")


def interrupted(_patient: Patient, database: Answering) -> Finding:
    """Look for a revision of which only a part was carried out."""
    if found := inspection.interrupted_revisions(database.connection):
        return error(
            f"An upgrade was interrupted in revision {listed(found)}: some of its statements are "
            "committed, others not.",
            "flask db upgrade   (it goes on where it stopped)",
        )
    return fine("No upgrade was interrupted.")


def backfills(_patient: Patient, database: Answering) -> Finding:
    """Look for data changes that are not finished."""
    if found := inspection.unfinished_backfills(database.connection):
        return warning(
            f"Not finished: the backfills {listed(found)}.",
            "\n".join(f"flask db backfill resume {name}" for name in found),
        )
    return fine("No backfill is unfinished.")


def _ahead(stands: Standing) -> Finding:
    if stands.can_be_served:
        return warning(str(stands), "git pull   (or deploy the newer code again)")
    return error(
        str(stands),
        f"git pull\nflask db downgrade {' '.join(item.revision for item in stands.heads)}   "
        "(with the newer code)",
    )


def _foreign(found: Foreign, patient: Patient, database: Answering) -> Finding:
    """Advise a stamp only for tables of which a comparison says that they are the models'."""
    if not found.looks_ours:
        return error(found.said, found.commands)
    if differing := differing_tables(patient, database):
        return error(
            f"{found.said} They are not as the models want them: {listed(differing)} differ.",
            "flask db stamp REVISION   (compares them with what the revisions up to it make)\n"
            "flask db stamp head       (names the differences)",
        )
    return error(f"{found.said} They are as the models want them.", "flask db stamp head")


def _unknown(stands: Standing, patient: Patient, database: Answering) -> Finding:
    mend = "git pull   (or check out the branch that has it)"
    if not differing_tables(patient, database):
        mend += "\nflask db stamp --purge heads   (the tables are as the models want them)"
    return error(
        f"The database is at revision {' and '.join(stands.unknown)}, which these files don't "
        "have: it was changed from newer or other code.",
        mend,
    )


def _unversioned(database: Answering, stands: Standing) -> Finding:
    if not stands.pending:
        return fine("The database is empty, and there are no revisions.")
    if beside := inspection.tables(database.connection):
        return _behind(
            stands, f"The database has other tables ({listed(beside)}), not in the way: "
        )
    return _behind(stands, "The database is empty: ")


def _several_rows(patient: Patient, stored: tuple[str, ...]) -> Finding | None:
    if len(stored) == 1:
        return None
    known = {item.id: item for item in revisions(patient.project.versions)}
    names = " and ".join(stored)
    for item in stored:
        others = [other for other in stored if other != item]
        if set(others) & (with_ancestors([item], known) - {item}):
            return error(
                f"alembic_version has several rows, {names}, of which one follows the other.",
                f"flask db stamp --purge {item}",
            )
    if len(standing(stored, patient.project.versions).heads) > 1:
        return warning(
            f"alembic_version has several rows, {names}: branches that nobody has merged.",
            'flask db merge heads -m "Join the branches"\nflask db upgrade',
        )
    return None


def _behind(stands: Standing, lead: str = "") -> Finding:
    count = len(stands.pending)
    names = listed([str(item) for item in stands.pending])
    noun = "revision is" if count == 1 else "revisions are"
    return error(
        f"{lead}{count} {noun} pending: {names}.",
        "flask db plan      (shows what it would do)\nflask db upgrade",
        ExitCode.BEHIND,
    )
