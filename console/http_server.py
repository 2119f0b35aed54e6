"""Serving HTTP from within a program's own loop, with TLS where there is a certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import uvicorn
from fastapi import FastAPI

AT_ONCE = 200
"""Connections that are answered at the same time. More are told 503 at once, so that nobody waits behind a flood."""


class Certificate(NamedTuple):
    """The server's certificate with its chain, and its key: PEM files."""

    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 and up, with Python's own choice of ciphers.

        Raises:
            BadCertificate: a file can't be read, or the key is not the certificate's.
        """
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            made.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError):
            raise BadCertificate from None
        return made


def bound(host: str, port: int) -> socket.socket:
    """A listening socket that says it is TCP: only then does asyncio send small answers at once (TCP_NODELAY).

    Raises:
        OSError: the port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


class Server(uvicorn.Server):
    """A server that leaves signals to the program that it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class CannotListen(Exception):
    """The port is taken."""


class BadCertificate(Exception):
    """The certificate can't be read, or the key is not its own."""


@asynccontextmanager
async def served(app: FastAPI, host: str, port: int, certificate: Certificate | None = None) -> AsyncIterator[int]:
    """Serves in this program's own loop until the block is left. Yields the port.

    Raises:
        CannotListen: the port is in use.
        BadCertificate: it can't be read, or the key is not its own.
    """
    tls = certificate.context() if certificate else None
    try:
        listening = bound(host, port)
    except OSError:
        raise CannotListen from None
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=AT_ONCE,
        ssl_context_factory=(lambda _, __: tls) if tls else None,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving
