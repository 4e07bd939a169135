"""Caches compiled Jinja templates in `__pycache__`, as Python does with modules.

Compiling takes longer than the rest of rendering. A cached file is used only for
exactly the same text and versions, and only for built-in templates. If it cannot be
written, or Python is told not to write bytecode, templates are compiled each time.
"""

import hashlib
import marshal
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import CodeType

import jinja2
from jinja2.bccache import Bucket

_SUFFIX = f".{sys.implementation.cache_tag}-jinja{jinja2.__version__}.bin"


class CompiledTemplates(jinja2.BytecodeCache):
    """A cache of compiled templates by the hash of their source."""

    def __init__(self, folder: Path) -> None:
        """Takes the folder that the files are kept in; it need not exist."""
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fills in the code, if a whole file of this source is there."""
        with suppress(OSError, ValueError, EOFError, TypeError):
            content = self._file(bucket).read_bytes()
            digest, code = content[:32], content[32:]
            if hashlib.sha256(code).digest() == digest:
                loaded = marshal.loads(code)
                bucket.code = loaded if isinstance(loaded, CodeType) else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Writes the code, in one rename, if that can be."""
        if sys.dont_write_bytecode or bucket.code is None:
            return
        code = marshal.dumps(bucket.code)
        file = self._file(bucket)
        draft = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            draft.write_bytes(hashlib.sha256(code).digest() + code)
            draft.replace(file)

    def _file(self, bucket: Bucket) -> Path:
        source = f"{bucket.key}-{bucket.checksum}".encode()
        name = hashlib.sha256(source).hexdigest()[:24]
        return self._folder / f"{name}{_SUFFIX}"
