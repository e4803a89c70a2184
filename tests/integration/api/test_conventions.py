"""The conventions of INTERFACE that hold for every address: tokens, problems, languages, limits, documents."""

import re

import httpx
import pytest

from tests.running_service import Person, Running

TAKING = ("/v1/members", "/v1/members/6f4c3a34-9c0c-4a36-8fb0-0f6f3c1f2a11/depart", "/v1/check-ins")
"""Addresses that take a JSON object: by way of the framework, and straight from the edge."""


@pytest.fixture
def nobody(running: Running) -> httpx.Client:
    """A client without a token."""
    return httpx.Client(base_url=running.url, trust_env=False)


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json", "/schemas/", "/docs"]
)
def test_no_token_is_needed_for(nobody: httpx.Client, path: str):
    assert nobody.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/organisations"),
        ("GET", "/v1/regions/620102"),
        ("GET", "/v1/members/6f4c3a34-9c0c-4a36-8fb0-0f6f3c1f2a11"),
        ("POST", "/v1/members"),
        ("POST", "/v1/members/6f4c3a34-9c0c-4a36-8fb0-0f6f3c1f2a11/depart"),
        ("POST", "/v1/commands"),
        ("POST", "/v1/imports"),
    ],
)
def test_a_token_is_needed_for(nobody: httpx.Client, method: str, path: str):
    answer = nobody.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_forged_token_says_so(nobody: httpx.Client, department: Person):
    forged = department.token[:-6] + ("AAAAAA" if not department.token.endswith("AAAAAA") else "BBBBBB")
    answer = nobody.get("/v1/organisations", headers={"Authorization": f"Bearer {forged}"})

    assert (answer.status_code, answer.json()["code"]) == (401, "token_forged")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/v1/members/6f4c3a34-9c0c-4a36-8fb0-0f6f3c1f2a11/vanish", 404, "not_found"),
        ("DELETE", "/v1/organisations", 405, "method_not_allowed"),
        ("GET", "/v1/members/6f4c3a34-9c0c-4a36-8fb0-0f6f3c1f2a11/depart", 405, "method_not_allowed"),
        ("POST", "/v1/members/6f4c3a34-9c0c-4a36-8fb0-0f6f3c1f2a11/depart", 400, "idempotency_key_missing"),
        ("POST", "/v1/members/not-an-id/depart", 404, "not_found"),
        ("POST", "/v1/members//depart", 404, "not_found"),
        ("POST", "/v1/members/a/b/depart", 404, "not_found"),
        ("POST", "/v1/check-ins", 400, "idempotency_key_missing"),
        ("GET", "/v1/check-ins", 405, "method_not_allowed"),
        ("GET", "/v1/members/not-an-id", 404, "not_found"),
        ("GET", "/v1/organisations?limit=0", 422, "unreadable"),
        ("GET", "/v1/organisations?limit=1001", 422, "unreadable"),
        ("GET", "/v1/organisations?cursor=abc", 422, "unreadable"),
    ],
)
def test_every_error_is_a_problem(department: Person, method: str, path: str, status: int, code: str):
    answer = department.http.request(method, path)

    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:kiteline:problem:{code}"
    assert problem["title"]
    assert problem["detail"]


def test_a_fault_of_the_question_is_named_by_its_pointer(department: Person):
    (fault,) = department.http.get("/v1/organisations?limit=many").json()["errors"]
    assert fault["pointer"] == "/query/limit"


def test_what_takes_another_method_says_which(department: Person):
    assert department.http.delete("/v1/organisations").headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.5", "en"),
        ("en;q=0.3, zh;q=0.7", "zh"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
    ],
)
def test_problems_speak_the_callers_language(nobody: httpx.Client, accept: str, language: str):
    answer = nobody.get("/v1/organisations", headers={"Accept-Language": accept})

    spoken = "zh" if re.search(r"[\u4e00-\u9fff]", answer.json()["detail"]) else "en"
    assert spoken == language == answer.headers["Content-Language"]
    assert answer.json()["type"] == "urn:kiteline:problem:unauthenticated"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 422), (b"{", 422), (b"[]", 422), (b"null", 422), (b'"text"', 422), (b"\xff\xfe", 422), (b"[" * 5000, 422)],
)
def test_a_body_that_is_no_json_object_is_told(secretary: Person, body: bytes, status: int):
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    for path in TAKING:
        answer = secretary.http.post(path, content=body, headers=headers)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, "")


@pytest.mark.parametrize("path", TAKING)
def test_another_media_type_is_told(secretary: Person, path: str):
    headers = {"Idempotency-Key": "k", "Content-Type": "text/plain"}
    answer = secretary.http.post(path, content=b"{}", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("path", TAKING)
def test_a_body_beyond_the_limit_is_refused_whether_announced_or_not(running: Running, secretary: Person, path: str):
    much = b" " * (running.service.settings.max_body_bytes + 1)
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}

    announced = secretary.http.post(path, content=much, headers=headers)
    streamed = secretary.http.post(path, content=iter([much[:1000], much[1000:]]), headers=headers)

    assert (announced.status_code, announced.json()["code"]) == (413, "too_large")
    assert (streamed.status_code, streamed.json()["code"]) == (413, "too_large")


def test_the_document_names_every_coded_value(nobody: httpx.Client):
    document = nobody.get("/openapi.json").json()
    body = document["components"]["schemas"]["ReportDeparture"]

    assert body["properties"]["reason"]["enum"] == [
        "WORK",
        "BUSINESS",
        "STUDY",
        "FAMILY",
        "CARE",
        "JOB_SEARCH",
        "OTHER",
    ]
    stage = document["components"]["schemas"]["MovementShape"]["properties"]["stage"]
    assert stage["enum"] == ["reported", "awaiting_check_in", "checked_in", "settled", "returned", "closed"]


def test_every_operation_has_a_name_and_its_problems(nobody: httpx.Client):
    document = nobody.get("/openapi.json").json()
    operations = [one for path in document["paths"].values() for one in path.values()]

    assert len({one["operationId"] for one in operations}) == len(operations)
    for one in operations:
        assert one["summary"]
        assert {"500", "504"} <= one["responses"].keys()


def test_the_documents_load_nothing_from_elsewhere(nobody: httpx.Client):
    page = nobody.get("/docs").text
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page) + re.findall(r"url: '([^']+)'", page)

    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        assert nobody.get(address).status_code == 200


def test_nothing_of_an_answer_is_kept_by_anybody_on_the_way(department: Person):
    for answer in (department.http.get("/v1/organisations"), *(department.http.post(path) for path in TAKING)):
        assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_figures_hold_routes_and_no_ids(secretary: Person, nobody: httpx.Client):
    member = secretary.register("MQ-1")
    secretary.ask(f"/v1/members/{member}")
    secretary.command(member, "depart", "2025-03-01", destination={"region": "620102"})
    figures = nobody.get("/metrics").text

    assert 'route="/v1/members/{member_id}"' in figures
    assert 'route="/v1/members/{member_id}/depart"' in figures
    assert "kiteline_http_request_duration_seconds_count" in figures
    assert member not in figures
