"""The CloudEvent around a fact, as JSON Schema: what CloudEvents 1.0 asks for, and the extensions of INTERFACE.md."""

from __future__ import annotations

from typing import Final

from infra.contracts.data_schema import DIALECT
from infra.contracts.values import Schema, said

_MOST: Final = 2**31 - 1
"""An Integer of CloudEvents has 32 bits with its sign."""
_UUID: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
SOURCE: Final = "^urn:kiteline:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?:[0-9]+$"


def envelope_schema() -> Schema:
    """Return the schema of an event as sent; its `data` is described by what `dataschema` names."""
    return {
        "$schema": DIALECT,
        "title": "CloudEvent: 风筝线事件 / an event of Kiteline",
        "type": "object",
        "properties": _ATTRIBUTES | _EXTENSIONS,
        "required": [
            "correlationid", "data", "datacontenttype", "dataschema", "id", "nonce", "position", "source",
            "specversion", "subject", "time", "type",
        ],
    }  # fmt: skip


_ATTRIBUTES: Final[Schema] = {
    "specversion": said("CloudEvents 版本", "the version of CloudEvents", type="string", const="1.0"),
    "id": said("事件编号，终身不变", "the event's id, minted once", type="string", pattern=_UUID),
    "source": said(
        "来源：urn:kiteline:<部署>:<日志代>", "urn:kiteline:<deployment>:<epoch>", type="string", pattern=SOURCE
    ),
    "type": said(
        "事项及其主版本",
        "org.kiteline.<fact>.v<major version>",
        type="string",
        pattern="^org[.]kiteline[.][a-z][a-z_]*[.]v[1-9][0-9]*$",
    ),
    "subject": said("党员（或组织、协议等）编号", "whom or what it is about, by id", type="string", pattern=_UUID),
    "time": said("记录时间", "when the log took it, in UTC", type="string", format="date-time", pattern="Z$"),
    "datacontenttype": said("数据格式", "the format of data", type="string", const="application/json"),
    "dataschema": said(
        "data 的格式说明，路径固定不变",
        "the schema of data: a path on the service that serves the feeds, never changed",
        type="string",
        format="uri-reference",
        pattern="^/schemas/[a-z][a-z_]*/v[1-9][0-9]*[.]json$",
    ),
    "data": said("事项内容", "what happened, in codes, dates and references", type="object"),
}
_EXTENSIONS: Final[Schema] = {
    "position": said("日志位置", "its place in the log, from 1", type="integer", minimum=1, maximum=_MOST),
    "feedposition": said(
        "区划流中的位置，从 1 起连续",
        "its place in the region's feed, from 1 without a gap; not in the log's own leaf",
        type="integer",
        minimum=1,
        maximum=_MOST,
    ),
    "prevposition": said(
        "同一过滤条件下前一事件的位置，首个为 0",
        "the feedposition of the event before it that passed the same filter; 0 at the first",
        type="integer",
        minimum=0,
        maximum=_MOST,
    ),
    "nonce": said("随机数", "32 random hex digits", type="string", pattern="^[0-9a-f]{32}$"),
    "correlationid": said("关联编号", "what belongs to one doing", type="string", minLength=1),
    "causationid": said("起因编号", "the event that brought this one about", type="string", minLength=1),
    "originsource": said("最初来源", "where a foreign fact was first recorded", type="string", pattern=SOURCE),
    "originid": said("最初编号", "the id it has there", type="string", minLength=1),
}
