"""The files of a backup give back every row, whatever is in it, and hold no more than a block."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.operations.backup import files
from shopkeeper.shared.runtime.operations.backup.files import Row

BYTES = st.none() | st.binary(max_size=300)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**62),
        st.integers(0, 2**53),
        BYTES,
        BYTES,
        st.lists(st.tuples(st.text(max_size=5), BYTES), max_size=3),
    ),
    max_size=60,
)


@given(ROWS, st.integers(1, 5_000), st.data())
def test_rows_come_back_in_blocks_and_damage_is_noticed(told, block_bytes, data):
    rows = [Row(*fields) for fields in told]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = files.file_of(folder, "t", 0)
        with files.PartitionWriter(path, block_bytes) as writer:
            for row in rows:
                writer.add(row)
            part = writer.finish(0, 0)
        blocks = list(files.read_blocks(path))
        assert [row for block in blocks for row in block] == rows
        assert part.records == len(rows)
        assert part.size_bytes == path.stat().st_size
        for block in blocks:  # the last record may go beyond
            assert sum(files.ROW_BYTES for _ in block[:-1]) < block_bytes or len(block) == 1
        manifest = files.Manifest("0", "", {"t": [part]}, {})
        files.write_manifest(folder, manifest)
        assert files.read_manifest(folder) == manifest
        files.check(folder, manifest)
        if not rows:
            return
        sound = path.read_bytes()
        at = data.draw(st.integers(0, len(sound) - 1))
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        with pytest.raises(files.BackupError, match="SHA-256"):
            files.check(folder, manifest)
        path.write_bytes(sound[:at])
        with pytest.raises(files.BackupError, match="SHA-256"):
            files.check(folder, manifest)


def test_a_newer_format_is_refused_by_name():
    with pytest.raises(files.BackupError, match="format 99"):
        files.decode_manifest(b'{"format": 99, "what": "else"}')
