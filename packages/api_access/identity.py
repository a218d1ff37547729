"""The table of identities: which user the subject of an issuer is."""

from sqlmodel import Field, SQLModel

from api_access.issuer_settings import LONGEST_NAME
from json_rows.models import Timestamp, default


class IdentityColumns(SQLModel):
    """A subject of an issuer (RFC 7519, 4.1.1 and 4.1.2).

    A service makes its table of this class, and adds the column `user_id`, which refers to those
    who own rows, ON DELETE CASCADE. Never by email: whoever may set one there would be anybody.
    """

    issuer: str = Field(primary_key=True, max_length=LONGEST_NAME)
    subject: str = Field(primary_key=True, max_length=LONGEST_NAME)
    created_at: Timestamp = Field(sa_column_kwargs=default("now()"))
