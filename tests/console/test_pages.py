"""Every page, for every role that has it: rules of the browser, of accessibility, of language, and of who may."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import api.console
from api.actions import Action
from api.authorisation import MAY
from api.console import code_words
from api.console.pages import PAGES
from api.console.words import Words
from domain import codes
from domain.member.commands import COMMANDS
from domain.member.form import Kind
from infra.tokens.principal import Role
from tests.unit.authorisation.test_every_action_by_every_role import EXPECTED

BY_ROLE = [(module.PAGE, role) for module in PAGES for role in Role if module.PAGE.is_for(role)]
_WHO_SEES_THE_STORY = frozenset({Role.MEMBER, Role.ORGANISATION_DEPARTMENT, Role.AUDITOR})
_WHO_MAKES_EVIDENCE = frozenset({Role.ORGANISATION_DEPARTMENT, Role.AUDITOR})
ALSO: dict[str, tuple[str, frozenset[Role]]] = {
    "member": ("/members/{story}", _WHO_SEES_THE_STORY),
    "member-then": ("/members/{story}?as_of=2026-03-01", _WHO_SEES_THE_STORY),
    "member-service": ("/members/{story}/service", _WHO_SEES_THE_STORY),
    "member-reads": ("/members/{story}/reads", _WHO_SEES_THE_STORY),
    "register": ("/registers/{register}", frozenset({Role.BRANCH_SECRETARY, Role.ORGANISATION_DEPARTMENT})),
    "flow-members": (
        "/flows/members?measure=under_way&origin=620000",
        frozenset({Role.ORGANISATION_DEPARTMENT, Role.AUDITOR}),
    ),
    "member-compare": ("/members/{story}/compare?earlier=2026-03-01", _WHO_MAKES_EVIDENCE),
    "member-evidence": ("/members/{story}/evidence", _WHO_MAKES_EVIDENCE),
    "operating-imports": ("/operating/imports", frozenset({Role.OPERATOR})),
    "operating-reset": (
        "/operating/ask?act=reset_subscription&about=00000000-0000-4000-8000-000000000000",
        frozenset({Role.OPERATOR}),
    ),
    "operating-ask": ("/operating/ask?act=rebuild_read_models&about=all", frozenset({Role.OPERATOR})),
    "poster": ("/venues/{venue}/codes/{code}/poster", frozenset({Role.COMMUNITY_WORKER})),
    "scanned": ("{link}", frozenset({Role.MEMBER})),
    "member-form": ("/members/{story}/do/request-personal-data", frozenset({Role.MEMBER})),
}
"""Pages that no navigation names: by a name, the address and the roles that see it. {story} is the demo's member,
{register} what the secretary tried, {venue}, {code} and {link} of the worker's."""
_ONE_OF_MANY = re.compile(r"(?<![\d,.])1\s(?:days|months|years|hours|rows|people|codes|members)\b")
MODULES = [importlib.import_module(f"api.console.{one.name}") for one in pkgutil.iter_modules(api.console.__path__)]


def addresses_of(role, console):
    """Return the addresses of all pages that a role sees, by name."""
    named = {page.path.strip("/").replace("/", "-") or "today": page.path for page, whose in BY_ROLE if whose is role}
    more = {name: address.format(**vars(console)) for name, (address, roles) in ALSO.items() if role in roles}
    return {**named, **more}


@pytest.mark.parametrize("role", list(Role))
def test_every_page_of_a_role_holds_the_rules_in_both_sizes_and_languages(role, visit, window, axe, console):
    found = []
    one = visit(role.value, window)
    for language in ("zh", "en"):
        one.page.goto(f"/language/{language}?next=/sign-in")
        for path in addresses_of(role, console).values():
            opened = one.open(path)
            found += [f"{path} {language}: {violation}" for violation in one.violations(axe)]
            if one.is_wider_than_its_window():
                found.append(f"{path} {language}: wider than its window")
            if torn := _ONE_OF_MANY.findall(opened.locator("body").inner_text()):
                found.append(f"{path} {language}: {torn}")
            assert opened.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en")
    assert found == []


@pytest.mark.parametrize("role", list(Role))
def test_a_page_that_a_role_does_not_have_is_neither_named_nor_opened(role, visit):
    one = visit(role.value)
    named = one.page.locator("nav ul a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert named == [page.path for page, whose in BY_ROLE if whose is role]
    for module in PAGES:
        page = module.PAGE
        answer = one.page.request.get(f"{one.url}{page.path}")
        allowed = page.action is None or EXPECTED[page.action, role]
        assert answer.status == (200 if allowed else 403), page.path


def test_nobody_sees_a_page_without_signing_in(visit):
    one = visit()
    for module in PAGES:
        answer = one.page.request.get(f"{one.url}{module.PAGE.path}", max_redirects=0)
        assert answer.status == 303
        assert answer.headers["location"].startswith("/sign-in")


def test_a_page_takes_no_more_than_the_first_view_may():
    from api.console.files import FILES, loaded

    sizes = {name: len(loaded(name).compressed) for name in FILES}
    assert sum(size for name, size in sizes.items() if name != "echarts.js") < 100_000
    assert sizes["echarts.js"] < 450_000


def test_no_word_lacks_a_language():
    catalogues = [
        (module.__name__, module.WORDS) for module in MODULES if isinstance(getattr(module, "WORDS", 0), Words)
    ]
    assert len(catalogues) > 4
    for name, words in catalogues:
        for key, (chinese, english) in words.pairs.items():
            assert chinese.strip(), f"{name}: {key}"
            assert english.strip(), f"{name}: {key}"
            assert set(_blanks(chinese)) == set(_blanks(english)), f"{name}: {key}"


def test_what_is_counted_stands_in_its_singular_or_plural():
    said = Words(late=("逾期 {days} 天", "{days:day|days} overdue, {count} seen")).in_language("en")
    told = {days: said.late.format(days=days, count="1").replace("\N{NO-BREAK SPACE}", " ") for days in (0, 1, "1", 2)}
    assert told == {
        0: "0 days overdue, 1 seen", 1: "1 day overdue, 1 seen", "1": "1 day overdue, 1 seen",
        2: "2 days overdue, 1 seen",
    }  # fmt: skip


def test_every_code_that_pages_show_has_words_in_both_languages():
    wanted = {
        "role": [role.value for role in Role],
        "duty": codes.DUTY_KINDS,
        "stage": codes.STAGES,
        "view": codes.VIEWS,
        "side": codes.SIDES,
        "scope": codes.SCOPES,
        "category": codes.CATEGORIES,
        "transfer": codes.TRANSFER_STATUSES,
        "command": list(COMMANDS),
        "field": [one.name for command in COMMANDS.values() for one in command.fields],
        "point": codes.FIVE_POINTS,
    }
    from api.console.command_forms import group_of

    for verb, command in COMMANDS.items():
        for one in command.fields:
            if one.kind is Kind.CODE:
                wanted.setdefault(group_of(verb, one), [])
                wanted[group_of(verb, one)] = [*wanted[group_of(verb, one)], *one.codes]
    for group, each in wanted.items():
        for code in each:
            assert all(code_words.GROUPS[group][code]), f"{group}: {code}"


def test_every_page_stands_on_an_action_of_the_table():
    for module in PAGES:
        action = module.PAGE.action
        assert action is None or (isinstance(action, Action) and any(action in MAY[role] for role in Role))


def _blanks(text: str) -> list[str]:
    """Return the names in curly brackets; after a colon stands what is counted, in its singular and plural."""
    return [part.partition("}")[0].partition(":")[0] for part in text.split("{")[1:]]
