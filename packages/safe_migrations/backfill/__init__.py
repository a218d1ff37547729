"""Changes of data in small batches that can be interrupted at any time, and lose nothing."""

from safe_migrations.backfill.definition import Backfill

__all__ = ["Backfill"]
