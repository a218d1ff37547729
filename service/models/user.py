"""Users: the people whose wishes are planned."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from service.models.base import (
    Identity,
    Imported,
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

Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$")
]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$")]
Username = Annotated[
    str,
    StringConstraints(
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"
    ),
    # 한국 can be written in two ways; which of them a client uses must not make two people.
    AfterValidator(lambda name: unicodedata.normalize("NFC", name)),
]


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
    display_name: str | None = Field(
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
        max_length=100,
        description="Unique, whatever its case; no control characters, nor spaces at its ends.",
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

    username: Username | None = Field(
        default=None,
        max_length=100,
        description="Exact, any case.",
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
        description="The id in the SQLite predecessor.",
        schema_extra=like("17"),
    )
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Part of username or name.",
        schema_extra=like("하늘"),
    )
