"""Settings for simulations."""

from pathlib import Path

import pytest
from world import plain_templates

from engine.settings import Settings


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with templates that are quick to compile."""
    return Settings(workspace=Path("nowhere"), templates=[plain_templates(tmp_path_factory.mktemp("templates"))])
