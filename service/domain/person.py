"""What is held about a person: all of it, to be taken out or to be erased."""

from json_rows.deleting import Deleted
from json_rows.held import Held
from service.domain.users import users

# Who did it and what went, without the name of whose it was.
_NOTED = """
    INSERT INTO audit_events (id, action, principal, detail)
    SELECT gen_random_uuid(), 'user.erased', %(principal)s,
        json_build_object('user_id', gone.id, 'rows', receipt.counts)::jsonb
    FROM gone, receipt"""

ERASED_USER = Deleted(users, is_counted=True, also={"noted": _NOTED})

# What they wrote into plans of others stays with these, and says no more whose it was.
HELD = Held(users, also={"itinerary_versions": "itinerary_versions.author_id = %(key)s"})
