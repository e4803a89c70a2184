"""Every endpoint: which action it is, how its place is named, and a request for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.actions import Action
from domain.member.commands import COMMANDS
from infra.tokens.principal import Role

Named = Literal["member", "acting", "asked", "reach", "open", "country", "public"]
"""How a request names a place: by a member, by who acts, by the place asked about; `reach`: not at all, the answer is
cut to the caller's reach; `open`: no secret to any role that may ask; `country`: every region at once; `public`: no
token."""


@dataclass(frozen=True)
class Endpoint:
    """One request; `{member}`, `{organisation}`, `{region}` and ids are filled in by place."""

    operation: str
    action: Action | None
    named: Named
    method: str
    path: str
    body: str | None = None
    hides: str | None = None
    """The code by which an id within a list is said not to be there, where the answer is no 404."""
    only: frozenset[Role] = frozenset(Role)
    """The roles to whom the thing is there at all, where the action alone does not say so."""


def _read(operation: str, action: Action, named: Named, path: str) -> Endpoint:
    return Endpoint(operation, action, named, "GET", path)


def _record(
    operation: str, action: Action, named: Named, path: str, body: str = "{}", hides: str | None = None
) -> Endpoint:
    return Endpoint(operation, action, named, "POST", path, body, hides)


_A = Action
_ACTS = '"organisation": "{organisation}"'
_LEAVES = f'{{{_ACTS}, "from": "{{liaison}}", "to": ["somebody"], "occurred_at": "2025-04-01"}}'
_WHERE = "organisation={organisation}"

ENDPOINTS = (
    # The body {} is refused after the caller was let in: nothing is recorded.
    *(
        _record(verb, Action(verb.replace("-", "_")), "member", f"/v1/members/{{member}}/{verb}")
        for verb in sorted(COMMANDS)
    ),
    _record("register_member", _A.REGISTER_MEMBER, "acting", "/v1/members", f"{{{_ACTS}}}"),
    _record("open_venue", _A.OPEN_VENUE, "acting", "/v1/venues", f'{{{_ACTS}, "region": "{{region}}"}}'),
    _record("issue_venue_code", _A.ISSUE_VENUE_CODE, "acting", "/v1/venues/{venue}/codes"),
    _record(
        "issue_venue_codes",
        _A.ISSUE_VENUE_CODE,
        "acting",
        "/v1/venues/codes",
        '{"venues": ["{venue}"]}',
        "unknown_venue",
    ),
    _record("revoke_venue_code", _A.REVOKE_VENUE_CODE, "acting", "/v1/venues/{venue}/codes/{code}/revoke"),
    _read("list_venues", _A.READ_VENUE, "asked", f"/v1/venues?{_WHERE}"),
    _read("read_venue_code", _A.ISSUE_VENUE_CODE, "acting", "/v1/venues/{venue}/codes/{code}"),
    # Who holds the text stands before it: it is no secret to any role that may check in.
    _read("read_scanned_code", _A.CHECK_IN_BY_CODE, "open", "/v1/check-in-codes/{code_text}"),
    _record("check_in_at_venue", _A.CHECK_IN_BY_CODE, "acting", "/v1/check-ins", f"{{{_ACTS}}}"),
    _record("open_post", _A.OPEN_POST, "acting", "/v1/posts", f"{{{_ACTS}}}"),
    _record("hold_activity", _A.HOLD_ACTIVITY, "acting", "/v1/activities", f"{{{_ACTS}}}"),
    _record("record_attendance", _A.RECORD_ATTENDANCE, "acting", "/v1/activities/{activity}/record-attendance"),
    _record("propose_merge", _A.PROPOSE_MERGE, "member", "/v1/merges", '{"kept": "{member}", "absorbed": "{other}"}'),
    _record("confirm_merge", _A.CONFIRM_MERGE, "member", "/v1/merges/{merge}/confirm", '{"odd": 1}'),
    _record("undo_merge", _A.UNDO_MERGE, "member", "/v1/merges/{merge}/undo", '{"odd": 1}'),
    _read("read_merge", _A.READ_MEMBER, "member", "/v1/merges/{merge}"),
    _record("register_organisation", _A.REGISTER_ORGANISATION, "acting", "/v1/organisations", '{"region": "{region}"}'),
    _record("dissolve_organisation", _A.DISSOLVE_ORGANISATION, "acting", "/v1/organisations/{organisation}/dissolve"),
    _record("reassign_liaison", _A.REASSIGN_LIAISON, "acting", "/v1/liaisons/reassign", _LEAVES),
    _record("adopt_policy", _A.SET_POLICY, "acting", "/v1/policies", '{"region": "{region}"}'),
    _record("set_workdays", _A.SET_WORKDAYS, "country", "/v1/workdays"),
    _record("adopt_code_list", _A.SET_CODE_LIST, "country", "/v1/code-lists"),
    _read("read_member", _A.READ_MEMBER, "member", "/v1/members/{member}"),
    _read("read_personal_data", _A.READ_PERSONAL_DATA, "member", "/v1/members/{member}?fields=name&purpose=test"),
    _read("list_reads", _A.READ_READS, "member", "/v1/members/{member}/reads"),
    _read("list_possible_commands", _A.READ_MEMBER, "member", "/v1/members/{member}/commands"),
    _read("read_history", _A.READ_HISTORY, "member", "/v1/members/{member}/history"),
    _read("read_evidence", _A.READ_EVIDENCE, "member", "/v1/members/{member}/evidence"),
    _read("read_service_record", _A.READ_SERVICE_RECORD, "member", "/v1/members/{member}/service-record"),
    _read("list_feedback", _A.READ_FEEDBACK, "member", "/v1/members/{member}/feedback"),
    _read("read_roster", _A.READ_ROSTER, "asked", f"/v1/rosters?{_WHERE}"),
    _read("read_roster_file", _A.READ_ROSTER, "asked", f"/v1/rosters?{_WHERE}&format=xlsx"),
    _read("count_lifecycle", _A.READ_LIFECYCLE, "asked", f"/v1/lifecycle?{_WHERE}"),
    _read("list_lifecycle_members", _A.READ_LIFECYCLE, "asked", f"/v1/lifecycle/members?{_WHERE}"),
    _read("read_worklist", _A.READ_WORKLIST, "asked", f"/v1/worklist?{_WHERE}"),
    _read("list_liaisons", _A.READ_LIAISONS, "asked", f"/v1/liaisons?{_WHERE}"),
    # Of a region: a token of a branch reaches its members, not its county.
    Endpoint(
        "read_statistics",
        _A.READ_STATISTICS,
        "asked",
        "GET",
        "/v1/statistics?region={region}&month=2025-03",
        only=frozenset(Role) - {Role.LIAISON, Role.BRANCH_SECRETARY},
    ),
    Endpoint(
        "read_statistics_of_months",
        _A.READ_STATISTICS,
        "asked",
        "GET",
        "/v1/statistics/months?region={region}&until=2025-03",
        only=frozenset(Role) - {Role.LIAISON, Role.BRANCH_SECRETARY},
    ),
    # Somebody else's import: who imports reads their own, tests/integration/api/test_imports.py.
    Endpoint(
        "read_import_errors",
        _A.READ_IMPORT,
        "asked",
        "GET",
        "/v1/imports/{import}/errors.xlsx",
        only=frozenset({Role.ORGANISATION_DEPARTMENT, Role.AUDITOR}),
    ),
    *(
        Endpoint(
            operation,
            _A.READ_IMPORT,
            "asked",
            "GET",
            f"/v1/imports/{{import}}{path}",
            only=frozenset({Role.ORGANISATION_DEPARTMENT, Role.AUDITOR}),
        )
        for operation, path in (("read_import", ""), ("list_import_findings", "/findings"))
    ),
    _read("list_imports", _A.READ_IMPORT, "reach", "/v1/imports"),
    _read("read_masked_names", _A.READ_MASKED_NAMES, "reach", "/v1/masked-names?member_id={member}"),
    _read("search_members", _A.SEARCH_MEMBERS, "reach", "/v1/members?limit=1000"),
    _read("read_flows", _A.READ_FLOWS, "reach", "/v1/flows?month=2025-03"),
    _read("list_flow_members", _A.READ_ROSTER, "reach", "/v1/flows/members?month=2025-03&measure=under_way&limit=1000"),
    _read("list_exports", _A.READ_EXPORTS, "reach", "/v1/exports"),
    _read("list_all_reads", _A.READ_ALL_READS, "reach", "/v1/reads?role=operator"),
    _read("list_agreements", _A.READ_AGREEMENT, "reach", "/v1/agreements"),
    _record("subscribe", _A.CHANGE_SUBSCRIPTION, "asked", "/v1/subscriptions", '{"region": "{region}"}'),
    *(
        _record(operation, _A.CHANGE_SUBSCRIPTION, "asked", f"/v1/subscriptions/{{subscription}}/{verb}")
        for operation, verb in (
            ("pause_subscription", "pause"),
            ("resume_subscription", "resume"),
            ("reset_subscription", "reset"),
            ("rotate_secret", "rotate-secret"),
        )
    ),
    _read("read_subscription", _A.READ_SUBSCRIPTION, "asked", "/v1/subscriptions/{subscription}"),
    _read("list_deliveries", _A.READ_SUBSCRIPTION, "asked", "/v1/subscriptions/{subscription}/deliveries"),
    _read("list_subscriptions", _A.READ_SUBSCRIPTION, "reach", "/v1/subscriptions"),
    _read("read_feed", _A.READ_FEED, "asked", "/v1/feeds/{region}"),
    _read("list_organisations", _A.READ_ORGANISATIONS, "open", "/v1/organisations"),
    _read("read_region", _A.READ_REGION, "open", "/v1/regions/{region}"),
    _read("read_code_lists", _A.READ_POLICY, "open", "/v1/code-lists"),
    _read("list_posts", _A.READ_POST, "open", "/v1/posts"),
    _read("read_post", _A.READ_POST, "open", "/v1/posts/{post}"),
    _read("read_log_entries", _A.READ_LOG_ENTRIES, "country", "/v1/log/entries?from=1&to=2"),
    _read("list_checkpoints", _A.READ_LOG_ENTRIES, "country", "/v1/log/checkpoints"),
    _read("read_status", _A.READ_STATUS, "country", "/v1/status"),
    _read("list_import_runs", _A.READ_STATUS, "country", "/v1/import-runs"),
    _read("list_quarantine", _A.READ_QUARANTINE, "country", "/v1/quarantine"),
    _read("list_operator_acts", _A.READ_OPERATOR_ACTS, "country", "/v1/operator-acts"),
    # Refused after the caller was let in: there is no such view.
    _record("rebuild_read_models", _A.REBUILD_READ_MODELS, "country", "/v1/read-models/rebuild", '{"views": ["none"]}'),
    *(
        Endpoint(operation, None, "public", "GET", path)
        for operation, path in (
            ("read_checkpoint", "/v1/log/checkpoint"),
            ("read_log_key", "/v1/log/key"),
            ("read_log_proof", "/v1/log/proof?position=1&size=2"),
            ("read_log_tile", "/v1/log/tile/0/000.p/1"),
            ("read_witness_key", "/v1/log/witness-key"),
            ("read_witness_keys", "/v1/log/witness-keys"),
            ("list_schemas", "/schemas/"),
            ("read_schema", "/schemas/checked_in/v1.json"),
            ("read_asyncapi", "/asyncapi.json"),
            ("livez", "/livez"),
            ("readyz", "/readyz"),
            ("metrics", "/metrics"),
        )
    ),
)

ELSEWHERE = {
    "retry_parked": "404 for a member who is not parked: tests/integration/operating",
    "retry_quarantined": "404 for what does not wait: tests/integration/operating",
    "drop_quarantined": "404 for what does not wait: tests/integration/operating",
    "publish_again": "404 for a region without a feed: tests/integration/operating",
    "record_commands": "each item is a command on a member: authorised one by one (tests/integration/api)",
    "import_register": "multipart: tests/integration/api/test_imports.py",
    "record_import": "takes a dry run of one's own: tests/integration/api/test_imports_that_go_on.py",
    "erase_personal_data": "a body with DELETE: tests/integration/privacy/test_erasing.py",
    "reorganise_regions": "names regions on either side: tests/integration/api/test_reorganisations.py",
    "read_feedback": "needs a feedback's id: tests/scenarios/test_24",
    "sign_agreement": "parties of both sides: tests/scenarios/test_23",
    "countersign_agreement": "tests/scenarios/test_23",
    "end_agreement": "tests/scenarios/test_23",
    "read_agreement": "tests/scenarios/test_23",
    "unsubscribe": "would be gone for the next role: tests/integration/webhooks",
    "stream_feed": "does not end: tests/integration/feeds",
    "add_checkpoint": "signed by a sister's log: tests/integration/log/test_witnessing.py",
    "read_witnessed_checkpoint": "tests/integration/log/test_witnessing.py",
}
"""What is no single request by place: where it is tested instead."""
