"""Inspecting an xlsx before anything parses it: honest sizes, no bombs, entities or macros, and the hidden rows.

The parser that reads the cells holds a sheet as one dense table and trusts what the archive says of itself. So every
part is unpacked here first, in small pieces, against what it declares, and every sheet is measured.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from domain.errors import Sentence
from infra.registers.package_parts import PartScan, scan_part
from infra.registers.refusal import Limits, RegisterRefused, too_large, unreadable

_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_PIECE: Final = 1 << 16
_ENCRYPTED: Final = 0x1


@dataclass(frozen=True, slots=True)
class Package:
    """What inspection found: hidden rows (as numbered) by sheet name, and whether days count from 1904."""

    hidden_rows: dict[str, frozenset[int]] = field(default_factory=dict)
    from_1904: bool = False


def inspect_package(file: BinaryIO, limits: Limits) -> Package:
    """Inspect an xlsx; raises RegisterRefused for whatever must not be parsed."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise unreadable(
            "压缩包已损坏，无法打开，请在电子表格软件中重新另存为 .xlsx",
            "The archive is damaged; save it again as .xlsx",
        ) from error
    _must_be_of_bearable_size(members, limits)
    _must_be_a_plain_workbook({member.filename for member in members})
    scans: dict[str, PartScan] = {}
    elements = 0
    for member in members:
        pieces = _unpacked(file, member)
        if not member.filename.lower().endswith((".xml", ".rels")):
            for _ in pieces:
                pass
            continue
        scan = scan_part(pieces, limits, elements)
        elements += scan.elements
        scans[member.filename] = scan
    return _assembled(scans)


def _must_be_of_bearable_size(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(members) > limits.members:
        raise too_large(f"内含 {len(members)} 个部件", f"it holds {len(members)} parts")
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise unreadable("压缩包内有重名部件，不予打开", "The archive holds two parts of one name; it was not opened")
    unpacked = sum(member.file_size for member in members)
    if unpacked > limits.unpacked_bytes:
        raise too_large(
            f"解压后 {unpacked >> 20} MB，上限 {limits.unpacked_bytes >> 20} MB",
            f"{unpacked >> 20} MB unpacked, {limits.unpacked_bytes >> 20} MB allowed",
        )
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise RegisterRefused(
                "encrypted_file",
                Sentence("文件有密码，请取消密码后再导入", "The file has a password; remove it and import again"),
            )
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise unreadable("压缩方式不受支持，请重新另存为 .xlsx", "Packed in an unknown way; save it again as .xlsx")
        if member.file_size > limits.ratio_from and member.file_size > limits.ratio * max(1, member.compress_size):
            raise too_large("内容压缩比异常（疑似压缩炸弹）", "it unpacks out of all proportion (a zip bomb)")


def _must_be_a_plain_workbook(names: set[str]) -> None:
    lower = {name.lower() for name in names}
    if any(name.endswith("vbaproject.bin") for name in lower) or any("/macrosheets/" in name for name in lower):
        raise unreadable(
            "文件含有宏，请另存为不含宏的 .xlsx 再导入", "The file holds macros; save it as .xlsx without them"
        )
    if "xl/workbook.bin" in lower:
        raise unreadable("这是 .xlsb 文件，请另存为 .xlsx 再导入", "This is an .xlsb file; save it as .xlsx")
    if "[content_types].xml" not in lower or not any(name.startswith("xl/") for name in lower):
        raise unreadable("文件不是电子表格（.xlsx）", "The file is not a spreadsheet (.xlsx)")


def _unpacked(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack a part piece by piece, never more than it declares: an archive may lie about the size it unpacks to."""
    unpacked = 0
    try:
        for piece in _inflated(file, member):
            unpacked += len(piece)
            if unpacked > member.file_size:
                raise _damaged()
            if piece:
                yield piece
    except zlib.error as error:
        raise _damaged() from error
    if unpacked != member.file_size:
        raise _damaged()


def _inflated(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    if member.compress_type == zipfile.ZIP_STORED:
        yield from _packed(file, member)
        return
    inflate = zlib.decompressobj(-15)
    for packed in _packed(file, member):
        pending = packed
        while pending:
            yield inflate.decompress(pending, _PIECE)
            pending = inflate.unconsumed_tail
    yield inflate.flush(_PIECE)


def _packed(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size:
        raise _damaged()
    signature, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    if signature != b"PK\x03\x04":
        raise _damaged()
    left, place = member.compress_size, file.tell() + name_length + extra_length
    while left:
        file.seek(place)
        piece = file.read(min(_PIECE, left))
        if not piece:
            raise _damaged()
        left, place = left - len(piece), place + len(piece)
        yield piece


def _damaged() -> RegisterRefused:
    return unreadable(
        "压缩包内容与其目录不符，已损坏或被改动", "The archive is not what its directory says: damaged or altered"
    )


def _assembled(scans: dict[str, PartScan]) -> Package:
    """Match sheet names with the parts that hold them, as the workbook's relations say."""
    found = [(path, scan) for path, scan in scans.items() if scan.root == "workbook"]
    if not found:
        raise unreadable("文件不是电子表格（.xlsx）", "The file is not a spreadsheet (.xlsx)")
    path, workbook = found[0]
    folder = posixpath.dirname(path)
    relations = scans.get(f"{folder}/_rels/{posixpath.basename(path)}.rels")
    targets = relations.relations if relations is not None else {}
    hidden: dict[str, frozenset[int]] = {}
    for name, relation in workbook.sheets:
        target = targets.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        if part in scans:
            hidden[name] = frozenset(scans[part].hidden_rows)
    return Package(hidden, workbook.from_1904)
