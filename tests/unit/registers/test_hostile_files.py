"""Files that must not be opened: each is refused with its code and one sentence in two languages."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.regions.loading import load_regions
from infra.registers.reading import read_register
from infra.registers.refusal import Limits, RegisterRefused
from tests.unit.registers.samples import EAST, MAN, OUTFLOW, TODAY, csv_bytes, directory, read, xlsx_bytes

ROW = ["样例甲", MAN, "正式党员", EAST.name, "2025.3.1", "兰州城关"]
GOOD = xlsx_bytes(("一", [OUTFLOW, ROW]))
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
SHEET = "xl/worksheets/sheet1.xml"


def rewritten(change, good: bytes = GOOD) -> bytes:
    """The good file with parts changed: `change` takes name and content, gives new content or None to leave it out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
    return out.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr(name, content)
    return out.getvalue()


def in_sheet(old: bytes, new: bytes) -> bytes:
    return rewritten(lambda name, content: content.replace(old, new) if name == SHEET else content)


def refusal(content: bytes, filename: str = "a.xlsx") -> RegisterRefused:
    with pytest.raises(RegisterRefused) as refused:
        read(content, filename)
    assert refused.value.sentence.zh
    assert refused.value.sentence.en
    return refused.value


def is_read_or_refused(content: bytes, filename: str) -> None:
    """Nothing but a refusal may come out of reading; any other exception fails the test."""
    told = ""
    try:
        read(content, filename)
    except RegisterRefused as refused:
        told = refused.code
    assert told in {"", "unreadable_file", "not_a_register", "encrypted_file", "too_large"}


def lying_about_its_size() -> bytes:
    """An archive whose directory says that a part of 5 MB unpacks to 100 bytes."""
    raw = b"<a>" + b"x" * 5_000_000 + b"</a>"
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(raw) + packer.flush()
    name = b"xl/worksheets/sheet9.xml"
    crc = zlib.crc32(raw)
    local = (
        struct.pack("<4s5HLLLHH", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), 100, len(name), 0) + name + packed
    )
    with zipfile.ZipFile(io.BytesIO(GOOD)) as source:
        start = source.start_dir
        count = len(source.namelist())
    entry = (
        struct.pack(
            "<4s4B4HLLL5HLL",
            b"PK\x01\x02",
            20,
            3,
            20,
            0,
            0,
            8,
            0,
            0,
            crc,
            len(packed),
            100,
            len(name),
            0,
            0,
            0,
            0,
            0,
            start,
        )
        + name
    )
    directory_ = GOOD[start : GOOD.rindex(b"PK\x05\x06")] + entry
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count + 1, count + 1, len(directory_), start + len(local), 0)
    return GOOD[:start] + local + directory_ + end


def test_the_file_that_the_others_are_made_from_is_read():
    rows, _ = read(GOOD, "a.xlsx")
    assert rows[0].errors == ()
    rows, _ = read(rewritten(lambda _, content: content), "a.xlsx")
    assert rows[0].errors == ()


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b"", "unreadable_file", "空"),
        (b"%PDF-1.7 \x00", "unreadable_file", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00", "unreadable_file", "图片"),
        (b"<html><table><tr><td>a</td></tr></table></html>", "unreadable_file", "网页"),
        (b"\x1f\x8b\x08\x00\x00", "unreadable_file", "gzip"),
        (b"\x00\x01\x02\x03" * 100, "unreadable_file", "文本"),
        (OLE + "Workbook".encode("utf-16-le"), "unreadable_file", ".xls"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted_file", "密码"),
        (b"PK\x03\x04" + b"\x00" * 100, "unreadable_file", "损坏"),
        (GOOD[: len(GOOD) // 2], "unreadable_file", "损坏"),
        (with_part("xl/vbaProject.bin", b"macro"), "unreadable_file", "宏"),
        (with_part("xl/workbook.bin", b"x"), "unreadable_file", ".xlsb"),
        (with_part("xl/media/bomb.bin", bytes(40_000_000)), "too_large", "压缩"),
        (lying_about_its_size(), "unreadable_file", "不符"),
        (in_sheet(b"<worksheet", b"<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet"), "unreadable_file", "实体"),
        (in_sheet(b"</worksheet>", b""), "unreadable_file", "损坏"),
        (in_sheet(b'r="F2"', b'r="XFD1048576"'), "too_large", "列"),
        (in_sheet(b'r="A2"', b'r="A1048576"'), "too_large", "行"),
        (
            rewritten(lambda name, content: None if name == "xl/workbook.xml" else content),
            "unreadable_file",
            "电子表格",
        ),
        (b'"' + b"a,b\n" * 10, "unreadable_file", "引号"),
        ("随便写的几句话\n没有表头".encode(), "not_a_register", "表头"),
        (xlsx_bytes(("一", [["随便", "写的"]])), "not_a_register", "表头"),
    ],
)
def test_a_hostile_or_wrong_file_is_refused_with_a_sentence(content, code, word):
    refused = refusal(content)
    assert refused.code == code
    assert word in refused.sentence.zh


def test_a_word_document_is_no_register():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr("[Content_Types].xml", "<Types/>")
        target.writestr("word/document.xml", "<document/>")
    assert refusal(out.getvalue()).code == "unreadable_file"


def test_a_part_with_a_password_is_refused():
    content = bytearray(GOOD)
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    assert refusal(bytes(content)).code == "encrypted_file"


def test_what_a_file_is_shows_in_its_content_not_in_its_name():
    rows, _ = read(csv_bytes([OUTFLOW, ROW]), "登记表.xlsx")
    assert len(rows) == 1
    rows, _ = read(GOOD, "登记表.csv")
    assert len(rows) == 1


def test_empty_formatted_rows_down_to_the_last_do_not_make_a_file_too_large():
    tail = b'<row r="1048576" hidden="1"><c r="A1048576" s="1"/></row></sheetData>'
    rows, _ = read(in_sheet(b"</sheetData>", tail), "a.xlsx")
    assert len(rows) == 1


def test_a_file_beyond_the_limits_is_too_large():
    for content, limits in (
        (GOOD, Limits(file_bytes=100)),
        (GOOD, Limits(unpacked_bytes=1000)),
        (GOOD, Limits(members=2)),
        (GOOD, Limits(elements=5)),
        (csv_bytes([OUTFLOW, ROW, ROW, ROW]), Limits(rows=3)),
    ):
        with pytest.raises(RegisterRefused) as refused:
            list(
                read_register(
                    content, "a", today=TODAY, regions=load_regions(), organisations=directory(), limits=limits
                )
            )
        assert refused.value.code == "too_large"


def test_a_quote_without_its_pair_does_not_swallow_rows_in_silence():
    lines = csv_bytes([[*OUTFLOW, "籍贯"], *[[*ROW, ""] for _ in range(30)]]).decode().splitlines()
    lines[3] = lines[3][:-1] + ',"样例'
    lines[28] = lines[28][:-1] + ',样例"'
    rows, _ = read("\n".join(lines).encode())
    assert ("unreadable", None) in [(error.code, error.field) for row in rows for error in row.errors]


@settings(max_examples=150)
@given(
    content=st.binary(max_size=400), start=st.sampled_from([b"", b"PK\x03\x04", OLE[:8], "姓名,".encode(), GOOD[:300]])
)
def test_any_bytes_are_read_or_refused(content, start):
    is_read_or_refused(start + content, "a")


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_a_good_file_with_one_byte_changed_is_read_or_refused(place, byte):
    content = bytearray(GOOD)
    content[place] = byte
    is_read_or_refused(bytes(content), "a.xlsx")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_sheet_with_bytes_changed_inside_is_read_or_refused(data):
    with zipfile.ZipFile(io.BytesIO(GOOD)) as source:
        names = source.namelist()
    name = data.draw(st.sampled_from(names))

    def change(part, content):
        if part != name:
            return content
        at = data.draw(st.integers(0, len(content) - 1))
        return content[:at] + data.draw(st.binary(max_size=6)) + content[at + data.draw(st.integers(0, 6)) :]

    is_read_or_refused(rewritten(change), "a.xlsx")
