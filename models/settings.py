"""Where things are: one settings object, read once at the edge from UTVAG_* variables and secret files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.words import OrgId


def host_and_port(address: str) -> str:
    """Raises: ValueError: not a host and a port between 1 and 65535, separated by a colon."""
    host, _, port = address.rpartition(":")
    if not host.strip("[]:") or not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535):
        raise ValueError("ska vara värd:port, som 127.0.0.1:7233 | should be host:port, like 127.0.0.1:7233")
    return address


class Settings(BaseSettings):
    """Every value has a default that makes the embedded stack work in this checkout."""

    model_config = SettingsConfigDict(env_prefix="UTVAG_", frozen=True, hide_input_in_errors=True, extra="ignore")

    mode: Literal["embedded", "production"] = "embedded"
    """Embedded: everything on this machine, loopback only, training allowed."""
    var: Path = Path("var")
    """The embedded stack's files: Temporal's database, register, desks, mail, logs."""
    temporal_address: Annotated[str, AfterValidator(host_and_port)] = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    temporal_ui_port: int | None = None
    register_url: str | None = None
    register_password: SecretStr | None = None
    desk_url_template: str | None = None
    """With `{org}` where the organisation's id goes; one database per desk."""
    desk_password: SecretStr | None = None
    directory: Path | None = None
    """The directory of organisations (TOML). The embedded stack uses the synthetic one in examples/."""
    rule_packs: Path | None = None
    mail_dir: Path | None = None
    health_port: int = Field(default=8765, ge=0, le=65_535)
    health_host: str = "127.0.0.1"
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    home: OrgId = "soc-0180"
    """Whose desk a case is opened at when the intake names neither an opener nor a stay municipality."""
    events_per_run: int = Field(default=400, ge=40, le=2_000)
    """History length at which a case continues as new."""

    @property
    def mail(self) -> Path:
        return self.mail_dir or self.var / "mail"

    @property
    def training(self) -> bool:
        """Whether new cases are training cases, whose time can be moved."""
        return self.mode == "embedded"
