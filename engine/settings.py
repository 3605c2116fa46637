"""Settings: defaults < rekindle.toml < REKINDLE_* variables, read and validated once; secrets are hidden in repr."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from engine.errors import SettingsError

FILE = "rekindle.toml"
PREFIX = "REKINDLE_"
NESTED = "__"


def _matching(pattern: str, wanted: str) -> AfterValidator:
    """Refuses what no message could carry: found here it costs nothing, found at a send it costs the delivery."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value) or not value.isprintable():
            raise PydanticCustomError("form", "It is not {wanted}", {"wanted": wanted})
        return value

    return AfterValidator(check)


Line = Annotated[str, _matching(r".*\S.*", "one line of text")]
Mailbox = Annotated[str, _matching(r'[^\s<>()\[\]:;@\\,"]+@[^\s<>()\[\]:;@\\,"]+', "one plain email address")]


class SenderSettings(BaseModel):
    """Who messages are from."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field("Rekindle", description="The display name of emails.")
    email: Mailbox = Field("hello@rekindle.example", description="The mailbox that emails come from.")
    postal_address: Line = Field(
        "Rekindle, 1 Example Street, Exampletown", description="Printed in every email, as CAN-SPAM and CASL ask."
    )
    sms_name: Line = Field("Rekindle", description="How the first text of an enrollment says who is writing.")


class ChannelSettings(BaseModel):
    """Which transport carries which channel."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field("outbox", description="The transport for email.")
    sms: str = Field("outbox", description="The transport for text messages.")


class Settings(BaseSettings):
    """Everything an operator can set. Relative paths are relative to the workspace, the folder of rekindle.toml."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="forbid", hide_input_in_errors=True
    )

    workspace: Path = Field(
        Path(), description="The folder that relative paths start from; set by where rekindle.toml is."
    )
    database_url: str = Field("sqlite:///rekindle.sqlite3", description="Where everything is kept.")
    key_file: Path = Field(Path("rekindle.key"), description="An owner-only file with the encryption keys.")
    key: SecretStr | None = Field(None, description="The keys themselves, instead of a file; best set by environment.")
    public_url: str = Field(
        "https://rekindle.example",
        pattern=r"^https?://[!-;=?-~]+$",  # it stands in headers between < and >: ASCII, and no other sign of either
        description="Where couples reach this engine's web pages.",
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
        default_factory=dict, description="Options by transport, such as [transports.outbox] folder."
    )
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
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

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


def load(workspace: Path = Path(), environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a workspace; SettingsError names the first mistake and, for a misspelt key, the nearest one."""
    _refuse_unknown_variables(environment)
    try:
        return Settings(workspace=workspace)
    except ValidationError as error:
        raise _explained(error) from None
    except ValueError as error:  # not TOML
        raise SettingsError(f"{workspace / FILE} cannot be read: {error}") from None


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
        known = {"sender": SenderSettings.model_fields, "channels": ChannelSettings.model_fields}
        fields = known[parents[0]] if parents else Settings.model_fields
        return SettingsError(f"`{where}` is not a setting.", fix=_nearest(name, set(fields)))
    return SettingsError(f"`{where}`: {first['msg']}.", fix=f"Mend it in {FILE} or in the {PREFIX}* environment.")


def _nearest(name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(sorted(known))}."
