"""`flask db stats`: what the server has counted, and what to do about it.

Facts: PostgreSQL 18, 27 "Monitoring Database Activity".
"""

from service.schema.stats.finding import Figures, Finding, Section, Severity
from service.schema.stats.report import SECTIONS, Report, examine

__all__ = ["SECTIONS", "Figures", "Finding", "Report", "Section", "Severity", "examine"]
