"""The edge: settings and logging, each read or set up once, by the programs."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import structlog
from pydantic import ValidationError
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from models.settings import Settings

SECRETS = Path("/run/secrets")
OWNER_ONLY = 0o077
"""The umask of both programs: what they write is for the account that runs them and nobody else."""
QUIET = ("alembic", "sqlalchemy", "asyncio", "uvicorn", "httpx", "httpcore")
CORE = TelemetryFilter(core_level="WARN", other_level="ERROR")


class BadSettings(Exception):
    """A UTVAG_* variable can't be used. Says which and why, and does not repeat it."""


def read_settings() -> Settings:
    """Settings from UTVAG_* variables, and from secret files where the platform mounts them.

    Raises:
        BadSettings: one of them has a value that it can't have.
    """
    try:
        return Settings(_secrets_dir=SECRETS if SECRETS.is_dir() else None)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(f"UTVAG_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in faults)
        raise BadSettings(told) from None


def configure_logs(settings: Settings) -> None:
    """One log configuration for our loggers and Temporal's. Goes to stderr; local variables are never shown."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.UnicodeDecoder(),
    ]
    if settings.log_format == "json":
        final: list[structlog.typing.Processor] = [
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        plain = structlog.dev.plain_traceback
        final = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    forward_core_logs()


def forward_core_logs() -> None:
    """Temporal's compiled core writes to standard output by itself unless it is given a logger."""
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"), append_target_to_name=False)
    runtime = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=CORE, forwarding=forwarding)))
    Runtime.set_default(runtime, error_if_already_set=False)
