"""No organisation's code, registered or only named in a token, widens what its people may see."""

import pytest

from tests.running_service import Person, Running

ODD = ("*", "-", "MQ-1,LZ-1", ",", "LZ-1,", "LZ-1\u0001")


@pytest.mark.parametrize("code", ODD)
def test_a_code_that_means_something_in_a_list_is_refused(department: Person, code: str):
    body = {"code": code, "name": "样例支部", "kind": "BRANCH", "region": "620621", "parent": "MQ"}
    answer = department.post("/v1/organisations", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/code")


@pytest.mark.parametrize("code", ["民勤县-第1支部", "620621001", "MQ/3", "A*B"])
def test_any_other_text_is_a_code(department: Person, code: str):
    assert department.organise(code, "620621", parent="MQ") == code


@pytest.mark.parametrize("code", ["*", "-", "MQ-1,LZ-1", "NOWHERE"])
def test_a_token_of_an_organisation_that_nobody_registered_sees_nobody(running: Running, code: str):
    member = running.as_role("branch_secretary", organisation="LZ-1").register("LZ-1", name="测试甲")
    stranger = running.as_role("branch_secretary", organisation=code)
    assert stranger.ask("/v1/members", search="测试甲")["items"] == []
    assert stranger.ask("/v1/members")["items"] == []
    assert stranger.get(f"/v1/members/{member}").status_code == 404
