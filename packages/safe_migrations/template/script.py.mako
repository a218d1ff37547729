<%!
    from safe_migrations.revisions import in_docstring
%>\
"""${message | in_docstring}.

Revision ${up_revision}, of ${create_date.strftime("%Y-%m-%d")}; it follows ${down_revision or "no other" | comma,n}.

The application keeps running on the schema before this revision while it is applied, and code of the
release before may run after it: add first, remove in a later release. Where that can't be, write
`BREAKS_RELEASE_BEFORE = True` below, so that such code refuses to run.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Apply the change."""
    ${upgrades if upgrades else ""}


def downgrade() -> None:
    """Take the change back."""
    ${downgrades if downgrades else ""}
