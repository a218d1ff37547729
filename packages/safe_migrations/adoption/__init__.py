"""An older program's tables, taken over where they stand: moved aside, with a way back and an end.

For tables that have the names of the models' own. In one transaction: `find` them, `aside.make` a
schema, `aside.move` them into it, upgrade, bring the rows in (what that takes only you know),
`aside.mark` it, and `raise_barrier` against what the older program still sends. Later `put_back`
is the way back, `forget` the end. A `Takeover` declares which tables, and the words of messages.
"""

from safe_migrations.adoption import aside
from safe_migrations.adoption.aside import Adoption
from safe_migrations.adoption.barrier import lower_barrier, raise_barrier
from safe_migrations.adoption.forgetting import Forgotten, forget, what_goes
from safe_migrations.adoption.in_place import InPlace, find
from safe_migrations.adoption.quiet import Activity, look, wait_for_quiet
from safe_migrations.adoption.surroundings import Surroundings
from safe_migrations.adoption.takeover import OldTables, Takeover
from safe_migrations.adoption.undoing import count_rows, put_back

__all__ = [
    "Activity",
    "Adoption",
    "Forgotten",
    "InPlace",
    "OldTables",
    "Surroundings",
    "Takeover",
    "aside",
    "count_rows",
    "find",
    "forget",
    "look",
    "lower_barrier",
    "put_back",
    "raise_barrier",
    "wait_for_quiet",
    "what_goes",
]
