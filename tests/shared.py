"""Third-party material that lies beside the project when it is there at all; never copied into it."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def needs(name: str) -> pytest.MarkDecorator:
    """Skip, and say why, where `../shared/<name>` is not present."""
    path = SHARED / name
    return pytest.mark.skipif(not path.exists(), reason=f"../shared/{name} is not present on this machine")
