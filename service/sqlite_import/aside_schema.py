"""The schema that an older program's tables are moved aside into, where nobody uses them."""

from service.settings import Settings

(ASIDE,) = Settings.aside
