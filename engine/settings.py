"""Settings: defaults < rekindle.toml < REKINDLE_* variables, read and validated once; secrets are hidden in repr."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as Unreadable

from engine.errors import SettingsError
from engine.files import toml_file
from engine.sections import (
    AlertSettings,
    ChannelSettings,
    JoinSettings,
    MetricsSettings,
    OperatorSettings,
    PaceSettings,
    PriceSettings,
    RetentionSettings,
    SenderSettings,
    WarmUp,
    WebAddress,
    WebSettings,
)

FILE = "rekindle.toml"
PREFIX = "REKINDLE_"
NESTED = "__"


class _TomlFile(TomlConfigSettingsSource):
    """rekindle.toml, read within bounds."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        return toml_file(Path(str(file_path)))


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("form", "It holds a character that no address has")
    return value


class Settings(BaseSettings):
    """Everything an operator can set. Relative paths are relative to the workspace, the folder of rekindle.toml."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="forbid", hide_input_in_errors=True
    )

    workspace: Path = Field(
        Path(), description="The folder that relative paths start from; set by where rekindle.toml is."
    )
    database_url: Annotated[str, AfterValidator(_one_line)] = Field(
        "sqlite:///rekindle.sqlite3",
        max_length=2_000,
        description="Where everything is kept: a SQLite file, or a PostgreSQL server's database, "
        "`postgresql+psycopg://name@host/rekindle`.",
    )
    key_file: Path = Field(Path("rekindle.key"), description="An owner-only file with the encryption keys.")
    key: SecretStr | None = Field(None, description="The keys themselves, instead of a file; best set by environment.")
    public_url: WebAddress = Field(
        "https://rekindle.example", description="Where couples reach this engine's web pages."
    )
    campaigns: list[Path] = Field(
        [Path("campaigns")], description="Folders of campaign files; the shipped ones are searched after them."
    )
    templates: list[Path] = Field(
        [Path("templates")], description="Folders of templates; the shipped ones are searched after them."
    )
    sender: SenderSettings = Field(default_factory=SenderSettings)
    channels: ChannelSettings = Field(default_factory=ChannelSettings)
    transports: dict[str, dict[str, Any]] = Field(
        default_factory=dict, repr=False, description="Options by transport, such as [transports.outbox] folder."
    )
    pace: dict[str, PaceSettings] = Field(
        default_factory=dict, description="Limits by transport or sender, such as [pace.twilio] per_second."
    )
    prices: PriceSettings = Field(default_factory=PriceSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    join: JoinSettings = Field(default_factory=JoinSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    operator: OperatorSettings = Field(default_factory=OperatorSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    batch: int = Field(500, ge=1, le=5000, description="How many deliveries a worker claims at once.")
    lease_seconds: int = Field(300, ge=10, description="How long a claim is held before others may take it over.")
    tick_seconds: int = Field(15, ge=1, description="How often `rekindle run` looks for what is due.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = init_settings.init_kwargs.get("workspace", Path()) / FILE  # type: ignore[attr-defined]
        return init_settings, env_settings, _TomlFile(settings_cls, file)

    def path(self, path: Path) -> Path:
        """`path` from the workspace."""
        return self.workspace / path

    @property
    def resolved_database_url(self) -> str:
        """`database_url` with a relative SQLite file made relative to the workspace."""
        prefix = "sqlite:///"
        if self.database_url.startswith(prefix) and not self.database_url.startswith(prefix + "/"):
            return prefix + str(self.workspace / self.database_url.removeprefix(prefix))
        return self.database_url


TABLES: Mapping[str, type[BaseModel]] = {
    "sender": SenderSettings,
    "channels": ChannelSettings,
    "pace": PaceSettings,
    "warm_up": WarmUp,
    "prices": PriceSettings,
    "retention": RetentionSettings,
    "web": WebSettings,
    "join": JoinSettings,
    "alerts": AlertSettings,
    "metrics": MetricsSettings,
    "operator": OperatorSettings,
}


def load(workspace: Path = Path(), environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a workspace; SettingsError names the first mistake and, for a misspelt key, the nearest one."""
    _refuse_unknown_variables(environment)
    try:
        return Settings(workspace=workspace)
    except ValidationError as error:
        raise _explained(error) from None
    except Unreadable as error:  # a variable for a whole table or list that holds no JSON
        named = "".join(re.findall(r'field "(\w+)"', str(error))).upper()
        raise SettingsError(
            f"The variable {PREFIX}{named}, or one that begins so, holds no JSON.",
            fix=f'Set a table value by value, such as {PREFIX}SENDER{NESTED}NAME, and a list as JSON: ["a", "b"].',
        ) from None
    except (OSError, ValueError) as error:  # not TOML, or not to be read at all
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{workspace / FILE} cannot be read: {why}") from None


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields if name != "workspace"}
    for name in environment:
        if name.startswith(PREFIX) and name.split(NESTED)[0] not in known:
            raise SettingsError(f"The variable {name} is not a setting.", fix=_nearest(name.split(NESTED)[0], known))


def _explained(error: ValidationError) -> SettingsError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        *parents, name = map(str, first["loc"])
        table: type[BaseModel] = (
            TABLES[(parents[-1] if parents[-1:] == ["warm_up"] else parents[0])] if parents else Settings
        )
        return SettingsError(f"`{where}` is not a setting.", fix=_nearest(name, set(table.model_fields)))
    return SettingsError(f"`{where}`: {first['msg']}.", fix=f"Mend it in {FILE} or in the {PREFIX}* environment.")


def _nearest(name: str, known: set[str]) -> str:
    close = get_close_matches(name[:80], known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(sorted(known))}."
