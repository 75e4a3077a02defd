"""Finding and checking TCP ports."""

from __future__ import annotations

import errno
import socket

from rasa_bot.launcher.errors import LaunchError


def _bind(host: str, port: int) -> int:
    """Binds and releases a port; returns its number."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # A port that a stopped server just left counts as free, as it does for the servers.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        return int(probe.getsockname()[1])


def free_port(host: str) -> int:
    """A port on `host` that nobody listens on."""
    return _bind(host, 0)


def require_free(host: str, port: int, setting: str) -> None:
    """Raises `LaunchError` where a server could not listen on `port`."""
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise LaunchError(
                f"port {port} on {host} is already in use, perhaps by a server that still runs. "
                f"Stop it, or choose another port: {setting}={port + 1}"
            ) from error
        raise LaunchError(
            f"cannot listen on {host}:{port} ({error.strerror}). Choose another with {setting}."
        ) from error
