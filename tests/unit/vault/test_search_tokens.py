"""By what a person is found, and by what not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.vault.names import compact, spellings
from infra.vault.search_tokens import TokenMaker, compact_phone

MAKER = TokenMaker(bytes(range(32)))


def found(person, text):
    return bool(set(MAKER.of_person(person)) & set(MAKER.of_query(text)))


@pytest.mark.parametrize(
    "text",
    [
        "测",
        "测试",
        "测试甲",
        " 测 试 甲 ",
        "ceshi",
        "CESHIJIA",
        "ce shi jia",
        "Ces",
        "csj",
        "cs",
        "CSJ",
        "13900000001",
        "139 0000 0001",
        "+86 139-0000-0001",
        "008613900000001",
        "１３９０００００００１",
        "0001",
    ],
)
def test_a_person_is_found_by_name_pinyin_initials_and_telephone(text):
    assert found({"name": "测试甲", "phone": "139-0000-0001"}, text)


@pytest.mark.parametrize(
    "text", ["试", "甲", "测甲", "shijia", "c", "cj", "1390000", "3900000001", "0002", "", " ", "·"]
)
def test_and_not_by_what_does_not_begin_alike(text):
    assert not found({"name": "测试甲", "phone": "13900000001"}, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("单样例", "shanyangli"),
        ("仇样例", "qiu"),
        ("解样例", "xie"),
        ("区样例", "ou"),
        ("查样例", "zha"),
        ("曾样例", "zeng"),
        ("尉迟样例", "yuchi"),
        ("万俟样例", "moqi"),
        ("单于样例", "chanyu"),
        ("长孙样例", "zhangsun"),
        ("覃样例", "qin"),
        ("覃样例", "tan"),
        ("吕样例", "lv"),
        ("吕样例", "lü"),
        ("欧阳样例", "ouyang"),
        ("欧阳样例", "oyyl"),
    ],
)
def test_surnames_are_read_as_surnames(name, text):
    assert found({"name": name}, text)


def test_a_name_with_dots_is_found_with_or_without_them():
    person = {"name": "样例阿卜·测试买买提"}
    for text in ("样例阿卜测试", "样例阿卜·测", "样例阿卜・测试", "ylab", "yangliabu"):
        assert found(person, text), text


def test_a_name_in_latin_script_is_found_by_its_beginning_and_by_its_initials():
    assert all(found({"name": "Sample Person"}, text) for text in ("sam", "Sample P", "SAMPLEPERSON", "sp"))
    assert not found({"name": "Sample Person"}, "person")


def test_what_is_longer_than_the_bounds_is_still_found():
    person = {"name": "样例" * 9}
    assert found(person, "样例" * 9)
    assert found(person, "yangli" * 9)


def test_tokens_of_one_kind_say_nothing_in_another():
    name = dict(MAKER.of_person({"phone": "00000"}))
    assert name["phone"] != name["phone_end"]
    assert all(len(token) == 12 for token in name.values())


def test_who_has_neither_name_nor_telephone_has_no_token():
    assert MAKER.of_person({"address": "样例路一号", "name": "", "phone": "-"}) == ()


@pytest.mark.parametrize("written", ["+86 13900000001", "8613900000001", "0086-139-0000-0001", "13900000001"])
def test_a_telephone_is_compared_without_its_country(written):
    assert compact_phone(written) == "13900000001"


@given(st.text(alphabet="测试样例甲乙丙丁单曾尉迟欧阳·", min_size=1, max_size=8), st.data())
def test_every_beginning_of_a_name_finds_it(name, data):
    compacted = compact(name)
    length = data.draw(st.integers(0, len(compacted)))
    assert found({"name": name}, compacted[:length]) == (length > 0)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_and_any_text_are_taken(name, text):
    MAKER.of_query(text)
    assert len(set(MAKER.of_person({"name": name, "phone": text}))) == len(
        MAKER.of_person({"name": name, "phone": text})
    )
    assert all(syllable for spelling in spellings(name) for syllable in spelling)
