"""What the demo shops' frontends have: stubs that a compiler made of the .proto, per package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

from grpc_tools import protoc

import shopkeeper.services.gateway.grpc as drop_in

PROTO = Path(drop_in.__file__).parent / "recommendation.proto"


def compile_stubs(package: str, folder: Path) -> SimpleNamespace:
    """`pb2` and `grpc` of `recommendation.proto` in `package`, made in `folder`."""
    name = f"{package}_frontend"
    (folder / f"{name}.proto").write_text(PROTO.read_text("utf-8").replace("PACKAGE", package))
    status = protoc.main(
        ["protoc", f"-I{folder}", f"--python_out={folder}", f"--grpc_python_out={folder}",
         f"{name}.proto"]
    )  # fmt: skip
    assert status == 0
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return SimpleNamespace(
        pb2=importlib.import_module(f"{name}_pb2"),
        grpc=importlib.import_module(f"{name}_pb2_grpc"),
    )
