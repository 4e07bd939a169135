"""What was generated, kept in the manifest: the base of the merge that `update` does.

A merge needs the text that a file was generated with. Rendering again cannot give it:
the template of then is gone with the release it came in, or was edited in place. And
the user's history need not have it, since many edit first and commit then. So the
manifest holds it, compressed: 3 to 6 KB a model, half of its files' size, in a line
that no search finds. Manifests without it work, too; `updating.file_updates` says how.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import cast

MAX_BYTES = 16_000_000


def packed(texts: Mapping[str, str]) -> str:
    """Returns the texts of files, by path, as one line of ASCII."""
    document = json.dumps(dict(texts), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(document.encode(), 9)).decode()


def unpacked(line: object) -> dict[str, str]:
    """Returns the texts of files by path; none if they cannot be read.

    Whoever uses one compares its hash first, so a damaged line does no harm.
    """
    if not isinstance(line, str):
        return {}
    try:
        inflate = zlib.decompressobj()
        content = inflate.decompress(base64.b64decode(line, validate=True), MAX_BYTES)
        document: object = json.loads(content)
    except (ValueError, zlib.error, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    items = cast(dict[str, object], document).items()
    return {path: text for path, text in items if isinstance(text, str)}
