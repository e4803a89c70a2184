"""Limits on time: a request that takes longer than the setting allows is answered, and nobody else waits for it."""

from pathlib import Path

from tests.running_service import running_service


def test_a_request_that_takes_too_long_is_504(database_url: str, home: Path):
    with running_service(home, database_url, request_timeout_seconds=0.5) as hasty:
        answer = hasty.department.http.get("/v1/organisations", params={"min_position": 10**12})
        after = hasty.department.http.get("/v1/organisations")

    assert (answer.status_code, answer.json()["code"]) == (504, "timed_out")
    assert answer.elapsed.total_seconds() < 2
    assert after.status_code == 200


def test_a_question_to_the_database_ends_with_its_request(database_url: str, home: Path):
    with running_service(home, database_url, request_timeout_seconds=0.5) as hasty:
        hasty.department.organise("MQ", "620621", kind="COMMITTEE")
        with hasty.service.kiteline.log.reading() as locking, locking.transaction():
            locking.execute("SET ROLE NONE")
            locking.execute("LOCK TABLE member IN ACCESS EXCLUSIVE MODE")
            answer = hasty.department.http.get("/v1/rosters")
            locking.execute("SET ROLE kiteline_writer")

        assert (answer.status_code, answer.json()["code"]) == (504, "timed_out")
        assert hasty.department.http.get("/v1/rosters").status_code == 200
