"""Facts that another deployment recorded: which are taken here, and as which command, by the rules of everybody.

What was decided on the sender's figures comes along as stated. What concerns the sender's own record only (its
personal data, its posts, its flags, its merges) is passed over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from domain import codes
from domain.errors import Fault, Invalid
from domain.fact import BODIES, Body, body_from, field_names
from domain.member import events as e
from domain.member.commands import COMMAND_OF
from domain.member.form import Command, Field, Kind, code
from domain.member.privacy import events as p
from domain.member.reading import MISSING, Asked, read_as
from domain.member.service import events as s
from domain.member.transfer import events as t
from domain.times import parse_occurred

if TYPE_CHECKING:
    from domain.reference import Reference

_ATTEND: Final = Command(
    "attend",
    s.AttendanceRecorded,
    "参加组织生活",
    (
        Field("activity", Kind.OPAQUE, required=True),
        code("kind", codes.ACTIVITY_KINDS),
        Field("hours", Kind.HOURS, required=True),
    ),
)
"""Attendance is recorded through its activity; of a sister's activity no more is known than what the fact says."""
_PASSED_OVER: Final = frozenset(
    {p.PersonalDataRequested, p.PersonalDataRequestCompleted, p.PersonalDataRequestRefused, p.PersonalDataErased}
    | {s.PostClaimed, s.PostReleased, e.FlagConfirmed}
)
_COMMANDS: Final[dict[type[Body], Command]] = {
    **{body: command for body, command in COMMAND_OF.items() if body not in _PASSED_OVER},
    e.AcceptanceContested: COMMAND_OF[e.Accepted],
    s.AttendanceRecorded: _ATTEND,
}
_KEPT: Final = ("movement_id", "said_lost")
"""Fields that no command has: by which name a movement is known, and what a register said."""


def is_taken(fact: str, data: dict[str, Any]) -> bool:
    """Whether a fact of another deployment is recorded here too."""
    body = BODIES.get(fact)
    return body in _COMMANDS and not (body is s.ServiceRecorded and data.get("post") is not None)


def organisations_in(fact: str, data: dict[str, Any]) -> list[str]:
    """Return the codes of organisations that a fact names, who acts first."""
    names = [spec.name for spec in _COMMANDS[BODIES[fact]].fields if spec.kind is Kind.ORGANISATION]
    changed = data.get("changes") if isinstance(data.get("changes"), dict) else {}
    found = [data.get("organisation"), *(data.get(name) for name in names)]
    found += [(changed or {}).get(name) for name in ("organisation", "branch", "to_organisation")]
    return list(dict.fromkeys(one for one in found if isinstance(one, str)))


def asked_elsewhere(fact: str, data: dict[str, Any], reference: Reference, *, recorded_us: int) -> Asked:
    """Read what another deployment recorded as the command that it was there; free text stays in its vault.

    `recorded_us` is when it was first recorded, by which late and future are judged. Raises Invalid.
    """
    kind = BODIES[fact]
    command = _COMMANDS[kind]
    try:
        came = body_from(fact, data)
    except TypeError as error:
        raise Invalid([Fault("/data", "missing", MISSING, str(error))]) from error
    specs = tuple(spec for spec in command.fields if spec.kind is not Kind.TEXT)
    payload = {name: data[name] for spec in specs if data.get(name := spec.name) is not None}
    payload |= {name: data[name] for name in ("occurred_at", "organisation") if data.get(name) is not None}
    if kind in (t.TransferLetterIssued, t.TransferLetterReissued):
        payload |= _days_of_letter(data)
    asked = read_as(replace(command, fields=specs), payload, reference, now_us=recorded_us, organisation=None)
    names = field_names(type(asked.body))
    kept = {name: value for name in _KEPT if name in names and (value := getattr(came, name, None)) is not None}
    if not all(isinstance(value, bool | str) and len(str(value)) <= _LONGEST_ID for value in kept.values()):
        raise Invalid([Fault("/data", "unreadable", MISSING, "an event id")])
    body: Any = asked.body
    return asked._replace(body=replace(body, **kept)) if kept else asked


_LONGEST_ID: Final = 64


def _days_of_letter(data: dict[str, Any]) -> dict[str, int]:
    """State for how many days a letter is valid where the sender's policy said so: both sides then count alike."""
    transfer = (data.get("after") or {}).get("transfer") or {}
    try:
        until, issued = date.fromisoformat(transfer["valid_until"]), parse_occurred(data["occurred_at"]).day
    except (KeyError, TypeError, ValueError):
        return {}
    return {"valid_days": (until - issued).days} if data.get("valid_days") is None and until > issued else {}
