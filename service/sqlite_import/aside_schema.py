"""The schema that an older program's tables are moved aside into, where nobody uses them."""

ASIDE = "predecessor"
