"""Where things are: one settings object, read once at the edge from UTVAG_* variables and secret files."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.access import UserId
from models.published_keys import Fingerprint, as_heard
from models.words import OrgId


def host_and_port(address: str) -> str:
    """Raises: ValueError: not a host and a port between 1 and 65535, separated by a colon."""
    host, _, port = address.rpartition(":")
    if not host.strip("[]:") or not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535):
        raise ValueError("ska vara värd:port, som 127.0.0.1:7233 | should be host:port, like 127.0.0.1:7233")
    return address


def read_json(told: Any) -> Any:
    """Raises: ValueError: a text that is not JSON."""
    try:
        return json.loads(told) if isinstance(told, str) else told
    except ValueError:
        raise ValueError("ska vara JSON | should be JSON") from None


def sink_url(url: str) -> str:
    """Where events may be sent: they are personal data in law, and nobody on the way may read them.

    Raises:
        ValueError: it is not https (to this machine http will do), or it carries a user, a password or a fragment.
    """
    wanted = "ska vara en https-adress | should be an https address"
    try:
        address = urlsplit(url)
        host, _ = address.hostname or "", address.port
    except ValueError:
        raise ValueError(wanted) from None
    if not host or (address.scheme != "https" and not (address.scheme == "http" and is_loopback(host))):
        raise ValueError(wanted)
    if address.username is not None or address.password is not None or address.fragment:
        raise ValueError("får inte bära användare, lösenord eller # | may carry no user, password or fragment")
    return url


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def plane_address(url: str) -> str:
    """Where the plane is asked: what is said there is signed, not sealed, so that others must not read along.

    Raises:
        ValueError: it is not https (http will do to this machine, and to a name without a dot: a container network's
            own), or it carries anything but a host and a port.
    """
    try:
        address = urlsplit(url)
        host, _ = address.hostname or "", address.port
    except ValueError:
        host, address = "", urlsplit("")
    near = is_loopback(host) or re.fullmatch("[a-z][a-z0-9-]*", host)  # a bare number would be an address anywhere
    if not host or not (address.scheme == "https" or (address.scheme == "http" and near)):
        raise ValueError("ska vara en https-adress | should be an https address")
    if "@" in address.netloc or address.path not in ("", "/") or "?" in url or "#" in url:
        raise ValueError("får bara bära värd och port | may carry a host and a port only")
    return url


SinkUrl = Annotated[str, AfterValidator(sink_url)]
Accepted = Annotated[Fingerprint, BeforeValidator(lambda said: as_heard(said) if isinstance(said, str) else said)]
"""A fingerprint as it is shown and read aloud, with or without its dashes."""


FIRST_DEMO_ACCOUNT: UserId = "handl-01"


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
    event_sinks: Annotated[dict[OrgId, SinkUrl], NoDecode, BeforeValidator(read_json)] = Field(default={}, repr=False)
    """Who gets the events of its own handoffs posted, and where; a JSON object from organisation to https address."""
    event_source: Annotated[str, Field(pattern=r"^/[a-z0-9/-]{1,100}$")] = "/utvag/cases"
    """What tells this installation's events from another's (CloudEvents `source`). A path: no host is named."""
    events_dir: Path | None = None
    health_port: int = Field(default=8765, ge=0, le=65_535)
    health_host: str = "127.0.0.1"
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    home: OrgId = "soc-0180"
    """Whose desk a case is opened at when the intake names neither an opener nor a stay municipality."""
    events_per_run: int = Field(default=400, ge=40, le=2_000)
    """History length at which a case continues as new."""

    keys_dir: Path | None = None
    """Outer keys and wrapped data keys. Backed up apart from the desks, and kept for a shorter time."""
    key_store_url_template: str | None = None
    """Where an organisation's wrapped data keys are, with `{org}`; never the database that they open."""
    key_provider: Literal["file", "pkcs11"] = "file"
    pkcs11_module: Path | None = None
    pkcs11_token: str | None = None
    pkcs11_pin: SecretStr | None = None
    checkpoints_dir: Path | None = None
    """Signed checkpoints of the audit chains: a place that the databases' administrator does not write to."""
    plane_url: Annotated[str, AfterValidator(plane_address)] | None = None
    """Where the plane's API is asked: https, or http to this machine or inside a container network."""
    plane_host: str = "127.0.0.1"
    """The address that the plane's API listens on. Anywhere but here it takes TLS: its own, or a proxy's in front."""
    plane_port: int = Field(default=8766, ge=0, le=65_535)

    plane_certificate: Path | None = None
    """With it (PEM, with its chain) and its key the plane's API speaks TLS itself."""
    plane_certificate_key: Path | None = None
    plane_authority: Path | None = None
    """The authority (PEM) that vouches for the plane's certificate, where it is none that everybody knows."""
    plane_requests_per_minute: int = Field(default=3_000, ge=60, le=1_000_000)
    """How many requests of one organisation the plane answers in a minute. A desk at work makes a few dozen."""

    org: OrgId | None = None
    """Who asks when a command names nobody; without it the operator of this installation."""
    user: UserId | None = None
    """Whose account works here when a command names none. In training the desk's first handler."""
    accepted_keys: Annotated[dict[OrgId, tuple[Accepted, ...]], NoDecode, BeforeValidator(read_json)] = {}
    """Production: fingerprints of first signing keys that the operator has compared with the organisation named, and
    that count for that organisation alone; a JSON object."""

    trusted_keys: Annotated[dict[OrgId, tuple[Accepted, ...]], NoDecode, BeforeValidator(read_json)] = {}
    """Production: fingerprints that this desk has compared with other organisations itself; a JSON object. Packages are
    sealed to, and taken from, keys that a chain of vouchers leads to from these: the plane is not believed."""

    @property
    def keys(self) -> Path:
        return self.keys_dir or self.var / "keys"

    @property
    def checkpoints(self) -> Path:
        return self.checkpoints_dir or self.var / "checkpoints"

    @property
    def plane(self) -> str:
        return self.plane_url or f"http{'s' if self.plane_certificate else ''}://127.0.0.1:{self.plane_port}"

    @property
    def mail(self) -> Path:
        return self.mail_dir or self.var / "mail"

    @property
    def events(self) -> Path | None:
        """Where events are written for organisations without a sink; in production only if that is asked for."""
        return self.events_dir or (self.var / "events" if self.mode == "embedded" else None)

    @property
    def account(self) -> UserId | None:
        """Whose account works here when a command names none."""
        return self.user or (FIRST_DEMO_ACCOUNT if self.training else None)

    @property
    def training(self) -> bool:
        """Whether new cases are training cases, whose time can be moved."""
        return self.mode == "embedded"
