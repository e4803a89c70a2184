"""Who is asking, and may they: tokens become principals, members and places become what `decide` looks at."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from api import problem_list as kinds
from api.actions import Action
from api.authorisation import Outcome, Resource, decide, prefix
from api.bodies import bearer_token
from api.problems import Problem, invalid, not_found
from domain.errors import Sentence
from domain.member.events import MemberRegistered
from domain.member.feedback.stays import stays
from domain.member.fold import HEAD
from domain.member.introduction import MemberIntroduced
from domain.member.merging.belonging import merged_into
from domain.member.views import concerned_regions
from domain.times import local_day
from infra.recording.errors import MergedInto
from infra.recording.members import NotWhole

if TYPE_CHECKING:
    from datetime import date

    from starlette.requests import Request

    from api.authorisation import Decision
    from api.service import Service
    from domain.agreement import Shown
    from domain.member.state import State
    from domain.reference import Reference
    from infra.recording.members import Ledger
    from infra.tokens.principal import Principal

_NO_MEMBER = Sentence("没有这个党员", "There is no such member.")


SIGNED_IN: Final = "kiteline.principal"
"""Where the console puts who is signed in, in the scope of a request that it makes within the process. No server that
reads a network can be made to write there."""


async def principal_of(request: Request, service: Service) -> Principal:
    """Say who is asking. Raises Problem or TokenRefused (401)."""
    signed_in: Principal | None = request.scope.get(SIGNED_IN)
    if signed_in is not None:
        return signed_in
    token = bearer_token(request)
    if service.settings.token_jwks_url is None:
        return service.verifier.verify(token)
    # An outside issuer's new key is fetched while everybody else is served.
    return await asyncio.to_thread(service.verifier.verify, token)


async def must_be_allowed_on(
    service: Service, principal: Principal, action: Action, member_id: UUID, acting: str | None = None
) -> None:
    """Let an action on a member pass, or raise Problem: 404 who is unknown or foreign, 403 what the role may not do."""
    members = service.kiteline.members
    kept = members.take(member_id)
    if kept is not None:
        with suppress(NotWhole):
            # An organisation may have been dissolved since: whose member it is, is told anew.
            kept.turn_to(service.kiteline.reference())
            members.put(kept)
            if _decided(service, principal, action, kept, acting).allowed:
                return
    elif _decided(service, principal, action, await service.desk.load_async(member_id), acting).allowed:
        return
    # What is kept, of members or of organisations, may be behind another process: nobody is refused before looking.
    ledger = await asyncio.to_thread(standing, service, member_id)
    decision = _decided(service, principal, action, ledger, acting)
    if not decision.allowed:
        raise refusal(decision, _NO_MEMBER)


def may_see_state(service: Service, principal: Principal, action: Action, member_id: UUID, state: State) -> bool:
    """Whether an action on a member, as folded, is allowed."""
    reference = service.kiteline.reference()
    resource = member_resource(member_id, state, reference, service.now_us)
    return decide(principal, action, resource, reference.organisations).allowed


def must_be_allowed_at(
    service: Service,
    principal: Principal,
    action: Action,
    *,
    region: str | None = None,
    organisation: str | None = None,
    acting: str | None = None,
    owner: str | None = None,
) -> None:
    """Let an action at a place pass, or raise Problem."""
    reference = service.kiteline.reference()
    resource = Resource(
        regions=frozenset() if region is None else frozenset({resolved(reference, region, service.now_us)}),
        organisations=frozenset() if organisation is None else frozenset({organisation}),
        acting=acting,
        owner=owner,
        shown_to=_shown_at(reference, region, organisation, local_day(service.now_us)),
    )
    decision = decide(principal, action, resource, reference.organisations)
    if not decision.allowed:
        raise refusal(decision)


def _shown_at(reference: Reference, region: str | None, organisation: str | None, today: date) -> Shown:
    """Return who may see what of the members of a place, by agreements in force today."""
    if region is None:
        return reference.agreements.shown(organisation, today, reference.organisations)
    shown = [
        agreement.shown(party)
        for agreement in reference.agreements.in_force(today)
        for party in agreement.terms.parties
        if (home := reference.region_of(party)) is not None and region.startswith(prefix(home))
    ]
    return frozenset().union(*shown)


def known_organisation(service: Service, code: object, pointer: str) -> str:
    """Return the code of an organisation known here. Raises Problem (422)."""
    if isinstance(code, str) and service.kiteline.reference().organisations.get(code) is not None:
        return code
    if code is None:
        raise invalid(
            pointer, "missing", Sentence("请指明组织", "Name an organisation."), "a code from GET /v1/organisations"
        )
    sentence = Sentence("没有这个组织", "There is no such organisation.")
    raise invalid(pointer, "unknown_organisation", sentence, "a code from GET /v1/organisations")


def refusal(decision: Decision, missing: Sentence | None = None) -> Problem:
    """Return the problem of a decision; what may not be known of is not there."""
    if decision.outcome is Outcome.FORBIDDEN:
        return Problem(kinds.FORBIDDEN, decision.sentence, code=decision.code)
    return not_found(missing)


def load(service: Service, member_id: UUID) -> Ledger:
    """Read a member from the log, and keep what was read; no facts for an id that is nobody's."""
    kiteline = service.kiteline
    ledger = kiteline.members.load(member_id, kiteline.refresh_reference())
    if not ledger.is_empty:
        kiteline.members.put(ledger)
    return ledger


def standing(service: Service, member_id: UUID) -> Ledger:
    """Read who has a member's facts today: of a record that was merged into another, that other decides who sees it."""
    ledger = load(service, member_id)
    while (into := ledger.merged_into) is not None:
        ledger = load(service, into)
    return ledger


def records_of(ledger: Ledger) -> set[UUID]:
    """Return the ids under which a person is registered: the member's own, and those of records merged into it."""
    entered = (fact.stream for fact in ledger.facts if isinstance(fact.body, MemberRegistered | MemberIntroduced))
    return {ledger.member_id, *entered}


def must_not_be_merged(ledger: Ledger, known_position: int = HEAD) -> None:
    """Raise MergedInto where a record was merged into another, as known at a position."""
    into = merged_into(ledger.member_id, ledger.linked, known_position)
    if into is not None:
        raise MergedInto(into)


def member_resource(
    member_id: UUID, state: State, reference: Reference, now_us: int, *, acting: str | None = None
) -> Resource:
    """Return what concerns a member, in regions as they are called today; `acting` is who acts, known here."""
    movement = state.open_movement
    organisations = {state.affiliation, state.responsible, state.holder}
    current: set[str] = set()
    if movement is not None:
        leg = movement.leg
        current = {code for code in (leg.region or leg.declared_region,) if code is not None}
        organisations |= {code for claim in movement.claims for code in (claim.organisation, claim.branch)}
        organisations |= {code for one in movement.legs for code in (one.accepted_by, one.branch)}
    transfer = state.transfer_under_way
    if transfer is not None:
        organisations |= {transfer.from_organisation, transfer.to_organisation}
    concerned = concerned_regions(state, with_transfer=transfer is not None)
    return Resource(
        member_id=member_id,
        regions=frozenset([resolved(reference, code, now_us) for code in concerned]),
        current_regions=frozenset([resolved(reference, code, now_us) for code in current]),
        organisations=frozenset([code for code in organisations if code is not None]),
        acting=acting,
        shown_to=frozenset()
        if movement is None
        else reference.agreements.shown(state.affiliation, local_day(now_us), reference.organisations),
    )


def resolved(reference: Reference, code: str, now_us: int) -> str:
    """Return where a region code stands today; one that needs assignment stays what it was."""
    return code if code == "000000" else reference.regions.resolve(code, local_day(now_us)).code


def _decided(service: Service, principal: Principal, action: Action, ledger: Ledger, acting: str | None) -> Decision:
    reference = service.kiteline.reference()
    tree = reference.organisations
    if ledger.is_empty:
        return decide(principal, action, Resource(), tree)  # nobody's id is decided like a foreign one
    # Who acts and is not known here is said by the command itself, by its pointer.
    acts = acting if tree.get(acting) is not None else None
    resource = member_resource(ledger.member_id, ledger.state, reference, service.now_us, acting=acts)
    if ledger.linked:
        resource = replace(resource, records=frozenset(records_of(ledger)))
    movement = ledger.state.open_movement
    if action is Action.ACCEPT and movement is not None and movement.leg.declared_region is not None:
        # Checked in elsewhere or not, the declared destination may accept (DOMAIN, "Two claims").
        declared = resolved(reference, movement.leg.declared_region, service.now_us)
        resource = replace(resource, current_regions=resource.current_regions | {declared})
    if action is Action.ISSUE_ANNUAL_FEEDBACK:
        resource = _with_former_hosts(resource, ledger.state, reference, service.now_us)
    return decide(principal, action, resource, tree)


def _with_former_hosts(resource: Resource, state: State, reference: Reference, now_us: int) -> Resource:
    """Who had the member once may still say how it was, after the member has left."""
    hosts = {code for stay in stays(state) for code in (stay.host, stay.acceptor)}
    places = {region for code in hosts if (region := reference.region_of(code)) is not None}
    return replace(
        resource,
        organisations=resource.organisations | hosts,
        regions=resource.regions | {resolved(reference, region, now_us) for region in places},
    )
