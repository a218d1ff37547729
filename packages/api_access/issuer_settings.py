"""What can be set of the tokens of an issuer, and how those may be called whom they are about."""

from dataclasses import dataclass

from plain_commands.settings.declared import Environment, setting

LONGEST_NAME = 255
"""Characters of an issuer and of a subject."""


def is_subject(name: str) -> bool:
    """Tell whether a subject of an issuer may be called so."""
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


@dataclass(frozen=True, kw_only=True)
class IssuerSettings(Environment):
    """Whose tokens are taken, and what they mean."""

    jwt_issuer: str | None = setting(
        None, "Whose tokens (JWT) are taken besides keys, as their `iss` says. Not set: nobody's."
    )
    jwt_jwks_url: str | None = setting(
        None,
        "Where the issuer's keys are; https, or http on a loopback address in development. Not "
        "set: below the issuer, at /.well-known/jwks.json.",
    )
    jwt_audience: tuple[str, ...] = setting(
        (), "For whom tokens must be, one of these as their `aud`; must be set with JWT_ISSUER."
    )
    jwt_type: str | None = setting(
        None,
        "The `typ` that tokens must have. Not set: JWT, at+jwt, or none.",
    )
    jwt_longest_s: int = setting(
        86400, "For how long a token may be valid; nobody can revoke it.", least=60
    )
    jwt_scopes_claim: str = setting(
        "scope", "The claim that says what a token may do; `a.b` is b inside of a."
    )
    jwt_scopes: tuple[str, ...] = setting(
        (),
        "What the claim's words mean, such as authenticated=write. Not set: ingest, read and write "
        "mean what they are called, all else nothing.",
    )
    jwt_new_users: str = setting(
        "off",
        "Whether somebody whose token is seen for the first time becomes a user.",
        choices=("on", "off"),
    )
