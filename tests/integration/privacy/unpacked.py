"""What stands in an answer that is packed: spreadsheets, printed sheets, entries of the log."""

from __future__ import annotations

import base64
import io
import re
import zipfile

from pypdf import PdfReader
from pypdf.generic import NumberObject, StreamObject


def text_of(content: bytes) -> bytes:
    """Return what an answer holds, unpacked; an answer that is not packed as it is."""
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return b"\0".join(package.read(part) for part in package.namelist())
    if content.startswith(b"%PDF-"):
        return _text_of_pdf(content)
    if content.startswith(b'{"items":[{"position":1,"leaf"'):
        return b"\0".join(base64.b64decode(leaf) for leaf in re.findall(rb'"leaf":"([^"]+)"', content))
    return content


def _text_of_pdf(content: bytes) -> bytes:
    """Return the words of a PDF as its fonts map glyphs to text, with and without gaps; and every stream, inflated.

    The streams hold what no page shows: attached files, XMP, the glyphs' own numbers.
    """
    reader = PdfReader(io.BytesIO(content))
    words = "\n".join(page.extract_text() for page in reader.pages)
    # A word goes on in the next line of a narrow cell.
    found = [content, words.encode(), re.sub(r"\s+", "", words).encode(), repr(reader.metadata).encode()]
    size = reader.trailer["/Size"]
    assert isinstance(size, NumberObject)
    for number in range(1, size):
        thing = reader.get_object(number)
        if isinstance(thing, StreamObject):
            found.append(thing.get_data())
    return b"\0".join(found)
