"""What the server has counted, and what to do about it.

Facts: PostgreSQL 18, 27 "Monitoring Database Activity".
"""

from serverless_postgres.stats.finding import Figures, Finding, Section, Severity
from serverless_postgres.stats.report import SECTIONS, CatalogLockedError, Report, examine

__all__ = [
    "SECTIONS",
    "CatalogLockedError",
    "Figures",
    "Finding",
    "Report",
    "Section",
    "Severity",
    "examine",
]
