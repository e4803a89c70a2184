"""`kiteline token`: a token of the local issuer, alone on standard output, so that a shell can keep it."""

from typing import Annotated
from uuid import UUID

import typer

from infra.failures import OperatorFailure
from infra.settings import load_settings
from infra.tokens.principal import Role

app = typer.Typer()

_WHOLE_COUNTRY = "000000"
_REGIONAL = {Role.ORGANISATION_DEPARTMENT, Role.AUDITOR, Role.COMMUNITY_WORKER}
_ORGANISED = {Role.LIAISON, Role.BRANCH_SECRETARY}


class ScopeMissing(OperatorFailure):
    """The role holds somewhere, and nobody said where."""

    exit_code = 2


@app.command()
def token(
    role: Annotated[Role, typer.Option(help="who the token speaks for")],
    organisation: Annotated[str | None, typer.Option(help="code of the organisation in which the role holds")] = None,
    region: Annotated[str | None, typer.Option(help="six digits; 000000 is the whole country")] = None,
    member: Annotated[UUID | None, typer.Option(help="the member's own id, for the role member")] = None,
    subject: Annotated[str | None, typer.Option(help="who it is, opaque; without it somebody new")] = None,
    lifetime: Annotated[int | None, typer.Option(help="seconds", min=1, max=31_536_000)] = None,
) -> None:
    """Print a token of the local issuer."""
    from infra.tokens.configured import local_issuer

    if region is not None and not (len(region) == 6 and region.isascii() and region.isdigit()):
        raise ScopeMissing("--region 应为六位区划代码。", "--region is a code of six digits.")
    if role is Role.OPERATOR and region is None and organisation is None:
        region = _WHOLE_COUNTRY
    _must_hold_somewhere(role, organisation, region, member)
    settings = load_settings()
    print(
        local_issuer(settings).mint(
            role,
            organisation=organisation,
            region=region,
            member=member,
            subject=subject,
            lifetime=lifetime or settings.token_lifetime_seconds,
        )
    )


def _must_hold_somewhere(role: Role, organisation: str | None, region: str | None, member: UUID | None) -> None:
    if role is Role.MEMBER and member is None:
        raise ScopeMissing("角色 member 需要 --member。", "The role member needs --member.")
    if role in _ORGANISED and organisation is None:
        raise ScopeMissing(f"角色 {role} 需要 --organisation。", f"The role {role} needs --organisation.")
    if role in _REGIONAL and region is None and organisation is None:
        raise ScopeMissing(
            f"角色 {role} 需要 --region 或 --organisation。", f"The role {role} needs --region or --organisation."
        )
    if role is Role.SISTER_SYSTEM and region is None:
        raise ScopeMissing(f"角色 {role} 需要 --region。", f"The role {role} needs --region.")
