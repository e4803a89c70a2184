"""Structured logs: one JSON object a line on stderr, without personal data."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import IO, Any

import structlog

REMOVED = "[removed: personal data]"

# Keys under which a person's own data would stand; what is logged is member ids, codes, figures and durations.
PERSONAL_KEYS = frozenset(
    {
        "address",
        "birth_date",
        "email",
        "employer",
        "full_name",
        "identity_number",
        "id_number",
        "member_name",
        "mobile",
        "name",
        "note",
        "phone",
        "phone_number",
        "pinyin",
        "search",
        "telephone",
        "wechat",
        "姓名",
        "手机",
        "手机号",
        "电话",
        "联系电话",
        "身份证",
        "身份证号",
        "身份证号码",
        "公民身份号码",
    }
)

# GB 11643 identity numbers (17 digits and a check character), and mobile numbers with or without +86 and separators.
_IDENTITY_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
_MOBILE_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z])")


def remove_personal_data(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace personal values by `REMOVED`, at any depth: by their key, or because they look like a person's number."""
    return {str(key): _clean(str(key), value) for key, value in event.items()}


def configure_logs(level: str = "INFO", stream: IO[str] | None = None) -> None:
    """Send the logs of structlog and of the standard library to `stream` (stderr) as JSON lines.

    Libraries' own loggers pass through the same cleaning; uvicorn's access log is off, because a URL can hold a
    person's name: the service logs the route's template instead.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                remove_personal_data,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    for chatty in ("asyncio", "httpx"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    # Every attempt to reach a broker that is away is an error to kafka-python; whoever uses it says so once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; call it with an English past-tense event and keyword facts."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _clean(key: str, value: object) -> object:
    if key.lower() in PERSONAL_KEYS:
        return REMOVED
    if isinstance(value, Mapping):
        return {str(inner): _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item) for item in value]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return _without_numbers(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return REMOVED if _without_numbers(str(value)) != str(value) else value
    if value is None or isinstance(value, bool | float):
        return value
    return _without_numbers(str(value))


def _without_numbers(text: str) -> str:
    return _MOBILE_NUMBER.sub(REMOVED, _IDENTITY_NUMBER.sub(REMOVED, text))
