"""The bytes of a data file, unpacked where it is compressed; what is no text is named and refused.

gzip, xz, bzip2, zstd and a zip of one file are read. Everything else that can be told by how it
begins is refused with the way out, also inside of them: a file compressed twice, an archive, a
workbook.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import mmap
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from .base import FormatError

_ZSTD = b"\x28\xb5\x2f\xfd"
HEAD_BYTES = 512  # a tar archive names itself at byte 257
_ZIP = b"PK\x03\x04"


def _open_zstd(path: Path, _: str) -> IO[bytes]:
    """The bytes of a zstd file, unpacked into a temporary file that goes when it is closed.

    A file, since a text's encoding is found by reading all of it, and cramjam unpacks whole files
    only; in bounded memory. Raises FormatError.
    """
    import cramjam  # only where it is asked for

    unpacked = cast("IO[bytes]", tempfile.NamedTemporaryFile())  # noqa: SIM115
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as packed,
        ):
            cramjam.zstd.decompress_into(packed, cramjam.File(unpacked.name, read=True, write=True))
    except cramjam.DecompressionError as error:
        unpacked.close()
        raise FormatError(f"{path}: zstd: {error}") from None
    except BaseException:
        unpacked.close()
        raise
    return unpacked


_OPENED: tuple[tuple[bytes, Callable[..., Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"\xfd7zXZ\0", lzma.open),
    (b"BZh", bz2.open),
    (_ZSTD, _open_zstd),
)
_BZIP2 = b"1AY&SY"  # behind its four bytes of header
_COMPRESSED = "compressed {}: unpack it, or pipe it to FILE -"
# What is no text, and what to do with it. What may begin a text as well is not here.
_OTHERS = (
    (b"\x04\x22\x4d\x18", _COMPRESSED.format("with lz4 (unlz4)")),
    (b"\xff\x06\x00\x00sNaPpY", _COMPRESSED.format("with snappy")),
    (b"\x1f\x9d", _COMPRESSED.format("with compress (uncompress)")),
    (b"\x5d\x00\x00", _COMPRESSED.format("with lzma (unlzma)")),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook; save the sheet as CSV (UTF-8)"),
    (b"SQLite format 3\0", "an SQLite database: export the table as CSV"),
    (b"Obj\x01", "an Avro file: export it as JSON lines or CSV"),
    (b"ORC\x0a", "an ORC file: export it as JSON lines, CSV or Parquet"),
    (b"ARROW1\0\0", "an Arrow (Feather) file: export it as JSON lines, CSV or Parquet"),
    (b"SEQ\x06", "a Hadoop sequence file: export it as JSON lines or CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file: export it as CSV or Parquet"),
    (b"\x93NUMPY", "a numpy array: export it as CSV"),
    (b"\x80\x04\x95", "a Python pickle: export it as CSV or Parquet"),
    (b"%PDF-", "a PDF: export the data as CSV"),
    (b"{\\rtf", "a document in RTF: save it as CSV or plain text"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"version https://git-lfs.github.com/", "a Git LFS pointer, not the file: git lfs pull"),
)
_TAR = (b"ustar", 257)
# What a Mac, and what Windows, put into a zip beside the file.
_BESIDE = ("__MACOSX/", ".DS_Store", "desktop.ini", "Thumbs.db")


def what_it_is(head: bytes) -> str | None:
    """What begins so and is no text, and what to do with it; None where it may be one."""
    for magic, what in _OTHERS:
        if head.startswith(magic):
            return what
    return "a tar archive: unpack it" if head[_TAR[1] :].startswith(_TAR[0]) else None


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """A file's bytes, uncompressed if it is gzip, xz, bzip2, zstd or a zip of one member.
    Raises FormatError."""
    try:
        with path.open("rb") as probe:
            head = probe.read(HEAD_BYTES)
        opened = _opening(head)
        if opened is not None:
            with opened(path, "rb") as file:
                _refuse_others(path, file, inside=True)
                yield cast("IO[bytes]", file)
        elif head.startswith(_ZIP):
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(_only_member(path, archive)) as file,
            ):
                _refuse_others(path, file, inside=True)
                yield file
        else:
            with path.open("rb") as file:
                _refuse_others(path, file)
                yield file
    except (
        *(OSError, EOFError, zlib.error, lzma.LZMAError),
        *(zipfile.BadZipFile, NotImplementedError),
    ) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path}: {reason}") from None
    except RuntimeError as error:  # zipfile, of a password; nothing else here raises it
        raise FormatError(f"{path}: {error}") from None


def _opening(head: bytes) -> Callable[..., Any] | None:
    """What opens a compressed file that begins so."""
    for magic, opening in _OPENED:
        if head.startswith(magic) and (magic != b"BZh" or head[4:].startswith(_BZIP2)):
            return opening
    return None


def _refuse_others(path: Path, file: IO[bytes], inside: bool = False) -> None:
    """Raises FormatError for what begins as something else than text."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    what = what_it_is(head)
    if inside and (head.startswith(_ZIP) or _opening(head) is not None):
        what = "compressed twice: unpack it once"
    if what is not None:
        raise FormatError(f"{path}: {'holds ' if inside and what[0] == 'a' else ''}{what}")


def _only_member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in names:
        raise FormatError(f"{path}: an Excel workbook; save the sheet as CSV (UTF-8)")
    if "mimetype" in names or "Index/Document.iwa" in names:
        raise FormatError(f"{path}: a workbook; save the sheet as CSV (UTF-8)")
    names = [n for n in names if not n.startswith(_BESIDE[0]) and not n.endswith(_BESIDE[1:])]
    if len(names) != 1:
        raise FormatError(f"{path}: a zip of {len(names)} files; unpack the one that is meant")
    return names[0]
