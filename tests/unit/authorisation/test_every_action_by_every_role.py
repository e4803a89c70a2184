"""Every action by every role: near, far, and in somebody else's name."""

from uuid import UUID

import pytest

from api.actions import (
    COUNTRYWIDE,
    MEMBER_COMMANDS,
    MEMBER_QUESTIONS,
    OF_THE_DEPLOYMENT,
    OPEN_QUESTIONS,
    PLACE_COMMANDS,
    PLACE_QUESTIONS,
    Action,
)
from api.authorisation import (
    ALLOWED,
    NOT_FOUND,
    NOT_YOUR_ORGANISATION,
    ROLE_MAY_NOT,
    WHOLE_COUNTRY_ONLY,
    Reach,
    Resource,
    decide,
    prefix,
    reach,
)
from domain.member.commands import COMMANDS
from domain.organisation import OrganisationRegistered, OrganisationTree
from infra.tokens.principal import Principal, Role

# Columns: member, liaison, branch secretary, community worker, department, auditor, sister system, operator.
TABLE = """
report_departure            y - y - y - - -
hold_pre_departure_talk     - - y - y - - -
waive_pre_departure_talk    - - y - y - - -
depart                      - - y - y - - -
cancel_departure            y - y - y - - -
change_destination          y y y y y - - -
prompt_check_in             - y y y y - - -
check_in                    y y y y y - - -
route                       - - y y y - - -
accept                      - - y y y - - -
decline                     - - y y y - - -
decide_claim                - - y - y - - -
place_in_branch             - - y y y - - -
move_onward                 - y y y y - - -
assign_liaison              - - y y y - - -
record_contact              - y y y y - - -
record_failed_contact       - y y y y - - -
waive_contact               - - y y y - - -
declare_lost_contact        - - y - y - - -
restore_contact             - y y y y - - -
keep_in_contact_list        - - y - y - - -
report_return               y y y y y - - -
return                      - y y y y - - -
hold_return_education       - - y - y - - -
waive_return_education      - - y - y - - -
close_movement              - - y - y - - -
request_transfer            y - y y y - - -
approve_transfer            - - y - y - - -
issue_transfer_letter       - - y - y - - -
accept_transfer             - - y y y - - -
reject_transfer             - - y y y - - -
withdraw_transfer           - - y y y - - -
reissue_transfer_letter     - - y - y - - -
return_receipt              - - y y y - - -
claim_post                  y - y y y - - -
release_post                y - y y y - - -
record_service              - y y y y - - -
pay_dues                    - y y y y - - -
issue_activity_card         - - y y y - - -
inspect_activity_card       - - y y y - - -
issue_annual_feedback       - - y y y - - -
acknowledge_feedback        - - y - y - - -
confirm_as_full             - - y - y - - -
suspend_membership          - - y - y - - -
restore_membership          - - y - y - - -
end_membership              - - y - y - - -
record_death                - - y - y - - -
assign_region               - - y - y - - -
correct_event               - - y y y - - -
void_event                  - - y y y - - -
confirm_flag                - - y y y - - -
propose_merge               - - y - y - - -
confirm_merge               - - y - y - - -
undo_merge                  - - y - y - - -
request_personal_data       y - y - y - - -
complete_personal_data_request - - - - y - - -
refuse_personal_data_request - - - - y - - -
erase_personal_data         - - - - y - - -
read_member                 y y y y y y - -
read_history                y y y y y y - -
read_reads                  y - y y y y - -
read_service_record         y y y y y y - -
read_feedback               y - y y y y - -
read_evidence               - - - - y y - -
read_personal_data          y y y y y y - -
register_member             - - y y y - - -
check_in_by_code            y y y y y - - -
import_register             - - y y y - - y
register_organisation       - - - - y - - y
dissolve_organisation       - - - - y - - y
sign_agreement              - - - - y - - -
end_agreement               - - - - y - - -
open_venue                  - - y y y - - -
issue_venue_code            - - y y y - - -
revoke_venue_code           - - y y y - - -
open_post                   - - y y y - - -
hold_activity               - - y y y - - -
record_attendance           - - y y y - - -
set_policy                  - - - - y - - y
reorganise_region           - - - - y - - y
set_workdays                - - - - y - - y
set_code_list               - - - - y - - y
reassign_liaison            - - y y y - - -
change_subscription         - - - - y - y y
search_members              - y y y y y - -
read_masked_names           - y y y y y - -
read_roster                 - y y y y y y -
read_lifecycle              - y y y y y - -
read_worklist               - y y y y y - -
read_liaisons               - y y y y y - -
read_flows                  - y y y y y - y
read_statistics             - y y y y y - y
read_import                 - - y y y y - y
read_agreement              - - y y y y - -
read_venue                  - y y y y y - -
read_subscription           - - - - y y y y
read_exports                - - - - y y - -
read_all_reads              - - - - y y - -
read_feed                   - - - - y y y -
read_log_entries            - - - - - y - y
read_status                 - - - - - - - y
read_quarantine             - - - - - - - y
read_operator_acts          - - - - - y - y
rebuild_read_models         - - - - - - - y
retry_parked                - - - - - - - y
settle_quarantine           - - - - - - - y
publish_again               - - - - - - - y
read_organisations          y y y y y y y y
read_region                 y y y y y y y y
read_post                   y y y y y y y y
read_policy                 y y y y y y y y
"""

EXPECTED = {
    (Action(line.split()[0]), role): mark == "y"
    for line in TABLE.strip().splitlines()
    for role, mark in zip(Role, line.split()[1:], strict=True)
}
ME = UUID("00000000-0000-4000-8000-000000000001")
OTHER = UUID("00000000-0000-4000-8000-000000000002")


def organisation(code, region, parent=None, stationed_in=None):
    return OrganisationRegistered(
        code=code, name=f"样例{code}", kind="BRANCH", region=region, parent=parent, stationed_in=stationed_in
    ), 1


TREE = OrganisationTree().with_organisations(
    [
        organisation("MINQIN", "620621"),
        organisation("MINQIN-1", "620621", "MINQIN"),
        organisation("MINQIN-2", "620621", "MINQIN"),
        organisation("CHENGGUAN", "620102"),
        organisation("CHENGGUAN-S", "620102001", "CHENGGUAN"),
        organisation("JINJIANG", "510104"),
        organisation("AWAY", "620621", "MINQIN", stationed_in="510104"),
    ]
)
# One of each role, all of them at home in 民勤 620621; the operator and the auditor of the log hold for the country.
AT_HOME = {
    Role.MEMBER: Principal("m", Role.MEMBER, member_id=ME, issuer="i"),
    Role.LIAISON: Principal("l", Role.LIAISON, "MINQIN-1", issuer="i"),
    Role.BRANCH_SECRETARY: Principal("b", Role.BRANCH_SECRETARY, "MINQIN-1", issuer="i"),
    Role.COMMUNITY_WORKER: Principal("c", Role.COMMUNITY_WORKER, "MINQIN-1", issuer="i"),
    Role.ORGANISATION_DEPARTMENT: Principal("d", Role.ORGANISATION_DEPARTMENT, region="620600", issuer="i"),
    Role.AUDITOR: Principal("a", Role.AUDITOR, region="620600", issuer="i"),
    Role.SISTER_SYSTEM: Principal("s", Role.SISTER_SYSTEM, region="620600", issuer="i"),
    Role.OPERATOR: Principal("o", Role.OPERATOR, region="620600", issuer="i"),
}
REGIONAL = {Role.ORGANISATION_DEPARTMENT, Role.AUDITOR, Role.SISTER_SYSTEM, Role.OPERATOR, Role.COMMUNITY_WORKER}


def member_at(member_id, branch, region):
    return Resource(member_id, frozenset({region}), frozenset(), frozenset({branch}))


def place(role, branch, region):
    """Ask for a place as the role would: by organisation, and by region where its reach is one."""
    regions = frozenset({region}) if role in REGIONAL else frozenset()
    return Resource(regions=regions, organisations=frozenset({branch}), owner=f"i {AT_HOME[role].subject}")


def near(action, role):
    if action in MEMBER_COMMANDS | MEMBER_QUESTIONS:
        return member_at(ME, "MINQIN-1", "620621")
    return place(role, "MINQIN-1", "620621")


def far(action):
    if action in MEMBER_COMMANDS | MEMBER_QUESTIONS:
        return member_at(OTHER, "JINJIANG", "510104")
    return Resource(regions=frozenset({"510104"}), organisations=frozenset({"JINJIANG"}))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", list(Action))
def test_what_is_near_is_allowed_to_the_roles_of_the_table_and_forbidden_to_the_others(action, role):
    decision = decide(AT_HOME[role], action, near(action, role), TREE)
    if not EXPECTED[action, role]:
        assert decision is ROLE_MAY_NOT
    elif action in COUNTRYWIDE:
        assert decision is WHOLE_COUNTRY_ONLY
    else:
        assert decision is ALLOWED


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", list(Action))
def test_what_is_far_is_not_there(action, role):
    decision = decide(AT_HOME[role], action, far(action), TREE)
    if not EXPECTED[action, role]:
        assert decision is ROLE_MAY_NOT
    elif action in COUNTRYWIDE:
        assert decision is WHOLE_COUNTRY_ONLY
    elif action in OPEN_QUESTIONS or (action, role) == (Action.CHECK_IN_BY_CODE, Role.MEMBER):
        assert decision is ALLOWED
    else:
        assert decision is NOT_FOUND


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", sorted(MEMBER_COMMANDS | PLACE_COMMANDS))
def test_nobody_acts_in_the_name_of_an_organisation_that_is_not_theirs(action, role):
    own = near(action, role)
    for acting in ("JINJIANG", "UNKNOWN"):
        asked = Resource(own.member_id, own.regions, own.current_regions, own.organisations, acting=acting)
        assert not decide(AT_HOME[role], action, asked, TREE).allowed


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", list(Action))
def test_a_token_that_holds_nowhere_is_let_to_nothing_but_open_questions(action, role):
    nowhere = Principal("x", role, issuer="i")
    for asked in (Resource(), near(action, Role.AUDITOR), far(action)):
        assert decide(nowhere, action, asked, TREE).allowed <= (action in OPEN_QUESTIONS)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    "action", sorted((MEMBER_COMMANDS | MEMBER_QUESTIONS | PLACE_COMMANDS) - {Action.CHECK_IN_BY_CODE})
)
def test_a_resource_that_the_edge_forgot_to_fill_is_not_there(action, role):
    assert not decide(AT_HOME[role], action, Resource(), TREE).allowed


@pytest.mark.parametrize("role", sorted(REGIONAL - {Role.COMMUNITY_WORKER}))
@pytest.mark.parametrize("action", list(Action))
def test_the_whole_country_reaches_everything_the_role_ever_does(action, role):
    country = Principal("x", role, region="000000", issuer="i")
    decision = decide(country, action, far(action), TREE)
    owned_by_another = action is Action.READ_IMPORT and role is Role.OPERATOR
    assert decision.allowed == (EXPECTED[action, role] and not owned_by_another)


def test_the_table_names_every_action_once():
    assert sorted(line.split()[0] for line in TABLE.strip().splitlines()) == sorted(Action)
    groups = [MEMBER_COMMANDS, MEMBER_QUESTIONS, PLACE_COMMANDS, PLACE_QUESTIONS, OPEN_QUESTIONS]
    assert sum(len(group) for group in (*groups, OF_THE_DEPLOYMENT)) == len(Action)


def test_every_command_of_a_member_has_an_action():
    assert not [verb for verb in COMMANDS if Action(verb.replace("-", "_")) not in MEMBER_COMMANDS]


def test_every_refusal_says_why_in_two_languages():
    for decision in (NOT_FOUND, ROLE_MAY_NOT, NOT_YOUR_ORGANISATION, WHOLE_COUNTRY_ONLY):
        assert not decision.allowed
        assert decision.sentence.zh
        assert decision.sentence.en


def test_both_sides_of_a_movement_see_the_member_and_a_third_region_does_not():
    moving = Resource(ME, frozenset({"620621", "510104"}), frozenset({"510104"}), frozenset({"MINQIN-1", "JINJIANG"}))
    for region, sees in {"620621": True, "510100": True, "510000": True, "620102": False, "350200": False}.items():
        department = Principal("d", Role.ORGANISATION_DEPARTMENT, region=region)
        assert decide(department, Action.READ_MEMBER, moving, TREE).allowed is sees


def test_a_community_worker_sees_who_is_here_and_a_branch_secretary_here_does_not():
    here = Resource(ME, frozenset({"620621", "620102"}), frozenset({"620102"}), frozenset({"MINQIN-1"}))
    worker = Principal("c", Role.COMMUNITY_WORKER, "CHENGGUAN")
    secretary = Principal("b", Role.BRANCH_SECRETARY, "CHENGGUAN")
    assert decide(worker, Action.ACCEPT, here, TREE) is ALLOWED
    assert decide(secretary, Action.ACCEPT, here, TREE) is NOT_FOUND


def test_a_case_held_at_the_county_is_not_yet_the_streets():
    here = Resource(ME, frozenset({"620102"}), frozenset({"620102"}), frozenset({"CHENGGUAN"}))
    street = Principal("c", Role.COMMUNITY_WORKER, "CHENGGUAN-S")
    assert decide(street, Action.ACCEPT, here, TREE) is NOT_FOUND
    routed = Resource(ME, frozenset({"620102"}), frozenset({"620102"}), frozenset({"CHENGGUAN-S"}))
    assert decide(street, Action.ACCEPT, routed, TREE) is ALLOWED


def test_an_organisation_stationed_where_a_member_is_may_answer():
    arrived = Resource(OTHER, frozenset({"350203", "510104"}), frozenset({"510104"}), frozenset({"JINJIANG"}))
    stationed = Principal("b", Role.BRANCH_SECRETARY, "AWAY")
    assert decide(stationed, Action.ACCEPT, arrived, TREE) is ALLOWED
    assert reach(Principal("c", Role.COMMUNITY_WORKER, "AWAY"), TREE).here == ("510104",)


def test_an_organisation_above_sees_and_acts_for_those_below_and_not_beside():
    resource = Resource(ME, frozenset({"620621"}), frozenset(), frozenset({"MINQIN-1"}), acting="MINQIN-1")
    assert decide(Principal("b", Role.BRANCH_SECRETARY, "MINQIN"), Action.RECORD_CONTACT, resource, TREE) is ALLOWED
    assert decide(Principal("b", Role.BRANCH_SECRETARY, "MINQIN-2"), Action.RECORD_CONTACT, resource, TREE) is NOT_FOUND
    beside = Resource(ME, frozenset({"620621"}), frozenset(), frozenset({"MINQIN-1"}), acting="MINQIN-2")
    own = Principal("b", Role.BRANCH_SECRETARY, "MINQIN-1")
    assert decide(own, Action.RECORD_CONTACT, beside, TREE) is NOT_YOUR_ORGANISATION


def test_a_member_sees_nobody_else_and_acts_in_no_organisations_name():
    me = AT_HOME[Role.MEMBER]
    assert decide(me, Action.READ_MEMBER, member_at(OTHER, "MINQIN-1", "620621"), TREE) is NOT_FOUND
    acting = Resource(ME, organisations=frozenset({"MINQIN-1"}), acting="MINQIN-1")
    assert decide(me, Action.REPORT_DEPARTURE, acting, TREE) is NOT_YOUR_ORGANISATION


def test_an_import_that_came_back_is_for_its_importer_and_the_department():
    secretary, department = AT_HOME[Role.BRANCH_SECRETARY], AT_HOME[Role.ORGANISATION_DEPARTMENT]
    anothers = Resource(organisations=frozenset({"MINQIN-1"}), owner="i somebody")
    assert decide(secretary, Action.READ_IMPORT, anothers, TREE) is NOT_FOUND
    assert decide(department, Action.READ_IMPORT, anothers, TREE) is ALLOWED
    assert decide(AT_HOME[Role.OPERATOR], Action.READ_IMPORT, anothers, TREE) is NOT_FOUND


def test_the_same_subject_of_another_issuer_owns_nothing_here():
    elsewhere = Principal("b", Role.BRANCH_SECRETARY, "JINJIANG", issuer="another")
    assert decide(elsewhere, Action.READ_IMPORT, Resource(owner="i b"), TREE) is NOT_FOUND


def test_a_list_for_nothing_named_is_allowed_and_narrowed_to_the_reach():
    for role in (Role.LIAISON, Role.BRANCH_SECRETARY, Role.ORGANISATION_DEPARTMENT, Role.AUDITOR):
        assert decide(AT_HOME[role], Action.READ_ROSTER, Resource(), TREE) is ALLOWED
    assert reach(AT_HOME[Role.AUDITOR], TREE) == Reach(region="6206")
    assert reach(AT_HOME[Role.LIAISON], TREE) == Reach(organisation="MINQIN-1")
    assert reach(AT_HOME[Role.MEMBER], TREE) == Reach(member_id=ME)


@pytest.mark.parametrize(
    ("region", "begins"),
    [("000000", ""), ("620000", "62"), ("620600", "6206"), ("620621", "620621"), ("620102001", "620102001")],
)
def test_the_codes_below_a_region_begin_alike(region, begins):
    assert prefix(region) == begins


def test_ten_is_not_a_hundred():
    # 620100 is a city; 621000 another: the second ends in two zeros more than its prefix has.
    department = Principal("d", Role.ORGANISATION_DEPARTMENT, region="621000")
    assert decide(department, Action.READ_MEMBER, member_at(ME, "X", "621002"), TREE) is ALLOWED
    assert decide(department, Action.READ_MEMBER, member_at(ME, "X", "620102"), TREE) is NOT_FOUND
