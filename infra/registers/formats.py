"""Telling what a file is by what it holds, never by its name, and opening it as a book of sheets."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO, Final

from domain.errors import Sentence
from infra.registers.package import inspect_package
from infra.registers.refusal import Limits, RegisterRefused, too_large, unreadable
from infra.registers.sheets import Book
from infra.registers.text_table import TextTable
from infra.registers.workbook import Workbook

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN: Final = (
    (b"%PDF", "PDF 文件", "a PDF"),
    (b"\x89PNG", "图片", "a picture"),
    (b"\xff\xd8\xff", "图片", "a picture"),
    (b"GIF8", "图片", "a picture"),
    (b"BM", "图片", "a picture"),
    (b"{\\rtf", "RTF 文档", "an RTF document"),
    (b"Rar!", "RAR 压缩包", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包", "a 7z archive"),
    (b"\x1f\x8b", "gzip 压缩包", "a gzip archive"),
    (b"\x7fELF", "程序", "a program"),
    (b"MZ", "程序", "a program"),
)


def open_file(source: str | os.PathLike[str] | bytes) -> BinaryIO:
    """Open a path, or bytes already in memory, for reading from any place in it."""
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def open_book(file: BinaryIO, filename: str, limits: Limits) -> Book:
    """Open a register; raises RegisterRefused for whatever is not an xlsx or a csv that may be read."""
    size = file.seek(0, io.SEEK_END)
    if size > limits.file_bytes:
        raise too_large(
            f"{size >> 20} MB，上限 {limits.file_bytes >> 20} MB",
            f"{size >> 20} MB, {limits.file_bytes >> 20} MB allowed",
        )
    if size == 0:
        raise unreadable("文件是空的", "The file is empty")
    file.seek(0)
    start = file.read(512)
    if start.startswith(b"PK"):
        package = inspect_package(file, limits)
        file.seek(0)
        return Workbook(file, package)
    if start.startswith(_OLE):
        raise _compound(file)
    for signature, zh, en in _FOREIGN:
        if start.startswith(signature) and (len(signature) > 2 or b"\x00" in start):
            raise unreadable(
                f"这是{zh}，不是登记表；请提供 .xlsx 或 .csv",
                f"This is {en}, not a register; an .xlsx or .csv is needed",
            )
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise unreadable(
            "这是网页或 XML 文件（有的系统导出时改名为 .xls），请在电子表格软件中另存为 .xlsx",
            "This is a web page or XML, which some systems name .xls; open it and save it as .xlsx",
        )
    return TextTable(file, filename, limits)


def _compound(file: BinaryIO) -> RegisterRefused:
    """Refuse an OLE compound file: an xlsx behind a password, or the format of before 2007."""
    file.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in file.read():
        return RegisterRefused(
            "encrypted_file",
            Sentence("文件有密码，请取消密码后再导入", "The file has a password; remove it and import again"),
        )
    return unreadable(
        "这是旧版 .xls 或其他旧格式文件，请另存为 .xlsx 再导入",
        "This is an old .xls file; save it as .xlsx and import again",
    )
