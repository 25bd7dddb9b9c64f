"""The files of a backup: a manifest, and one file per partition of blocks of records.

A block is its length (4 bytes, big-endian) and a zstd frame of MessagePack: a list of rows. The
manifest names each file's SHA-256, and is written last, so a folder without one is no backup.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Self

import cramjam
import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
BLOCK_ROWS_MAX = 5_000
BLOCK_BYTES_MAX = 1_000_000  # of values, before compression; the last record may go beyond it
FRAME_BYTES_MAX = 64_000_000
ROW_BYTES = 64  # what a row takes besides its key, value and headers
LEVEL = 3
_READ_BYTES = 1 << 20


class BackupError(RuntimeError):
    """A backup that cannot be made, read or restored; the message says why, and what to do."""


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One record. timestamp: milliseconds since 1970."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class PartitionFile(msgspec.Struct, frozen=True):
    """One partition of a topic: its log from `begin` up to `end`, which it does not hold itself.

    records: rows in the file. Those below `begin` were deleted while the log was read.
    """

    begin: int
    end: int
    records: int
    size_bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if not 0 <= self.begin <= self.end or self.records < 0 or self.size_bytes < 0:
            raise ValueError("offsets, records or bytes that no partition can have")


class Manifest(msgspec.Struct, frozen=True):
    """topics: name without prefix -> its partitions, by number. committed: service -> topic ->
    partition -> the offset that its group had committed."""

    version: str
    created: str
    topics: dict[str, list[PartitionFile]]
    committed: dict[str, dict[str, dict[int, int]]]
    format: int = FORMAT_VERSION


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Row])


def file_of(folder: Path, topic: str, partition: int) -> Path:
    """Where a partition's records are."""
    return folder / f"{topic}.{partition}.records"


class PartitionWriter:
    """Writes one partition's file. A context manager. block_bytes: how much is held."""

    def __init__(self, path: Path, block_bytes: int = BLOCK_BYTES_MAX) -> None:
        self._path, self._block_bytes = path, block_bytes
        self._rows: list[Row] = []
        self._held_bytes = 0
        self._sum = hashlib.sha256()
        self._records = self._size_bytes = 0

    def __enter__(self) -> Self:
        self._file = self._path.open("xb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, row: Row) -> None:
        """Take the next record, in the order of offsets."""
        self._rows.append(row)
        self._held_bytes += ROW_BYTES + len(row.key or b"") + len(row.value or b"")
        self._held_bytes += sum(len(name) + len(value or b"") for name, value in row.headers)
        if len(self._rows) >= BLOCK_ROWS_MAX or self._held_bytes >= self._block_bytes:
            self._flush()

    def finish(self, begin: int, end: int) -> PartitionFile:
        """Write what is held; what the manifest has to say of this file."""
        self._flush()
        digest = self._sum.hexdigest()
        return PartitionFile(begin, end, self._records, self._size_bytes, digest)

    def _flush(self) -> None:
        if not self._rows:
            return
        frame = encode_block(self._rows)
        self._file.write(frame)
        self._sum.update(frame)
        self._size_bytes += len(frame)
        self._records += len(self._rows)
        self._rows.clear()
        self._held_bytes = 0


def encode_block(rows: list[Row]) -> bytes:
    """A block as it stands in a file, its length in front."""
    frame = bytes(cramjam.zstd.compress(_ENCODER.encode(rows), LEVEL))
    return len(frame).to_bytes(4, "big") + frame


def decode_block(frame: bytes) -> list[Row]:
    """The rows of a block, without its length. Raises BackupError."""
    try:
        return _DECODER.decode(bytes(cramjam.zstd.decompress(frame)))
    except (cramjam.DecompressionError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError(f"a block of records cannot be read: {error}") from None


def read_blocks(path: Path) -> Iterator[list[Row]]:
    """The rows of a file, a block at a time. Raises BackupError, OSError."""
    with path.open("rb") as file:
        while size := file.read(4):
            length = int.from_bytes(size, "big")
            frame = file.read(length) if length <= FRAME_BYTES_MAX else b""
            if len(size) < 4 or len(frame) < length or not length:
                raise BackupError(f"{path} is cut off or damaged")
            yield decode_block(frame)


def decode_manifest(text: bytes) -> Manifest:
    """Raises BackupError where it is none, or one of a newer format."""
    try:
        version = msgspec.json.decode(text, type=_Format).format
        if version > FORMAT_VERSION:
            raise BackupError(
                f"the backup has format {version}, this version reads up to {FORMAT_VERSION}: "
                "restore it with the version that wrote it, or a newer one"
            )
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError(f"{MANIFEST} cannot be read: {error}") from None


class _Format(msgspec.Struct, frozen=True):
    format: int


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Whole or not at all."""
    started = folder / f"{MANIFEST}.tmp"
    started.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    started.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupError."""
    try:
        return decode_manifest((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise BackupError(f"{folder} holds no finished backup: {error.strerror}") from None


def check(folder: Path, manifest: Manifest) -> None:
    """Hold every file against the manifest. Raises BackupError, naming the file."""
    for topic, partitions in manifest.topics.items():
        for number, said in enumerate(partitions):
            path = file_of(folder, topic, number)
            found = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    while part := file.read(_READ_BYTES):
                        found.update(part)
            except OSError as error:
                raise BackupError(f"{path} cannot be read: {error.strerror}") from None
            if found.hexdigest() != said.sha256:
                raise BackupError(f"{path} is not the file that the manifest names (SHA-256)")
