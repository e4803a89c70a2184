"""Nothing personal leaves in a log line, whoever wrote it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from infra.logs import REMOVED, configure_logs, get_logger

IDENTITY_NUMBER = "990101199003074518"
MOBILE = "13812345678"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs("INFO", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    told: dict[str, Any] = json.loads(line)
    return told


def test_a_line_is_one_json_object_with_its_time_level_and_logger(lines: io.StringIO):
    get_logger("kiteline.test").info("batch_appended", saves=3, seconds=0.004)

    told = _only(lines)
    assert told["event"] == "batch_appended"
    assert (told["saves"], told["seconds"]) == (3, 0.004)
    assert (told["level"], told["logger"]) == ("info", "kiteline.test")
    assert told["timestamp"].endswith("Z")


@pytest.mark.parametrize("key", ["name", "phone", "identity_number", "Name", "姓名"])
def test_a_personal_key_loses_its_value_at_any_depth(lines: io.StringIO, key: str):
    get_logger("kiteline.test").info("row_read", **{key: "测试甲", "row": {"cells": [{key: "样例一"}]}})

    told = _only(lines)
    assert told[key] == REMOVED
    assert told["row"]["cells"][0][key] == REMOVED


@pytest.mark.parametrize(
    "text",
    [
        IDENTITY_NUMBER,
        "99010119900307451X",
        f"bad row: {IDENTITY_NUMBER}, again",
        f"号码{MOBILE}无效",
        f"+86{MOBILE}",
        "138-1234-5678",
        "138 1234 5678",
    ],
)
def test_what_looks_like_a_persons_number_is_removed_from_any_text(lines: io.StringIO, text: str):
    get_logger("kiteline.test").info(text, detail=text, nested=[text])

    written = lines.getvalue()
    assert "1990030745" not in written
    assert MOBILE not in written.replace("-", "").replace(" ", "")
    assert written.count(REMOVED) == 3


def test_numbers_are_removed_from_integers_and_bytes_too(lines: io.StringIO):
    get_logger("kiteline.test").info("row_read", cell=int(IDENTITY_NUMBER), raw=MOBILE.encode())

    told = _only(lines)
    assert (told["cell"], told["raw"]) == (REMOVED, REMOVED)


def test_a_traceback_is_cleaned(lines: io.StringIO):
    try:
        int(f"x {IDENTITY_NUMBER}")
    except ValueError:
        get_logger("kiteline.test").exception("row_failed")

    told = _only(lines)
    assert "ValueError" in told["exception"]
    assert IDENTITY_NUMBER not in told["exception"]


def test_a_librarys_own_log_lines_are_cleaned_and_in_json(lines: io.StringIO):
    logging.getLogger("somebody.else").warning("calling %s", MOBILE)

    assert _only(lines)["event"] == f"calling {REMOVED}"


def test_the_access_log_that_holds_urls_is_silent(lines: io.StringIO):
    logging.getLogger("uvicorn.access").info("GET /v1/members?search=测试甲")

    assert lines.getvalue() == ""


@pytest.mark.parametrize(
    "harmless",
    ["0b7f3f3a-1381-4234-8567-813812345678", "1763791200123456", "urn:kiteline:local:1", "2026-11-22T07:16:27.331Z"],
)
def test_ids_times_and_positions_stay(lines: io.StringIO, harmless: str):
    get_logger("kiteline.test").info("seen", value=harmless)

    assert _only(lines)["value"] == harmless
