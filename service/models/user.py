"""Users: the people whose wishes are planned."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from json_rows.models import (
    Identity,
    Input,
    Output,
    Timestamps,
    TimeZone,
    Versioned,
    default,
    like,
    lower,
    partial,
)
from service.models import username
from service.models.imported import Imported


def _all_seen(text: str) -> str:
    if odd := username.unseen(text):
        raise ValueError(odd)
    return text


Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$"),
    AfterValidator(_all_seen),
]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$")]
_OF_LETTERS = StringConstraints(
    pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
)
Username = Annotated[str, _OF_LETTERS, AfterValidator(username.checked)]
SoughtUsername = Annotated[str, _OF_LETTERS]
"""A username that is looked for: old ones may be such as no new one can be."""

Composed = Annotated[str, AfterValidator(lambda text: unicodedata.normalize("NFC", text))]
"""한국 can be written in two ways; which of them a client uses must not matter to a search."""


class UserProfile(SQLModel):
    """What is known of a person besides the username."""

    email: Email | None = Field(
        default=None,
        max_length=255,
        description="Unique, whatever its case.",
        schema_extra=like("haneul@example.com"),
    )
    phone: str | None = Field(
        default=None,
        max_length=20,
        description="As the person writes it.",
        schema_extra=like("010-1234-5678"),
    )
    display_name: Composed | None = Field(
        default=None,
        max_length=100,
        description="By which the person wants to be called.",
        schema_extra=like("김하늘"),
    )
    locale: LanguageTag = Field(
        default="ko-KR",
        max_length=35,
        description="BCP 47 language tag.",
        sa_column_kwargs=default("'ko-KR'"),
        schema_extra=like("ko-KR"),
    )
    timezone: TimeZone = Field(
        default="Asia/Seoul",
        max_length=64,
        description="IANA time zone.",
        sa_column_kwargs=default("'Asia/Seoul'"),
    )


class UserName(SQLModel):
    """By which a user is known."""

    username: Username = Field(
        min_length=1,
        max_length=username.LENGTH,
        description=(
            "Unique, whatever its case and its spelling: letters are composed and spaces single "
            "(NFKC). Of one script, or of Latin with Korean, Japanese or Chinese; no control "
            "or invisible characters."
        ),
        schema_extra=like("하늘"),
    )


class SoughtUser(SQLModel):
    """By which a user is looked for."""

    username: SoughtUsername = Field(
        min_length=1,
        max_length=username.LENGTH,
        description="In any case and spelling; see `username` of a user for what a new one may be.",
        schema_extra=like("하늘"),
    )


class UserBase(UserProfile, UserName):
    """What a client says of a user."""


class User(Imported, Versioned, Timestamps, UserBase, Identity, table=True):
    """The table of users."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_username_lower", lower("username"), unique=True),
        Index("uq_users_email_lower", lower("email"), unique=True),
    )


class UserCreate(Input, UserBase, Identity):
    """A new user."""


class UserProvision(Input, UserProfile):
    """What a user gets who does not exist yet; one who does stays as is."""


class UserRead(Output, Imported, Versioned, Timestamps, UserBase, Identity):
    """A user."""


UserUpdate = partial("UserUpdate", UserBase, base=Input)


class UserFilter(Input):
    """Which users to list."""

    username: SoughtUsername | None = Field(
        default=None,
        max_length=username.LENGTH,
        description="Exact, any case and spelling.",
        schema_extra=like("하늘"),
    )
    email: str | None = Field(
        default=None,
        max_length=255,
        description="Exact, any case.",
        schema_extra=like("haneul@example.com"),
    )
    legacy_id: str | None = Field(
        default=None,
        max_length=64,
        description="The id in the prototype.",
        schema_extra=like("17"),
    )
    q: Composed | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Part of username or name.",
        schema_extra=like("하늘"),
    )
