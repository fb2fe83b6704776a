"""What the operator is told by its environment; the Helm chart writes it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from checkrail_operator.plan.types import Defaults, Manifest
from checkrail_operator.shell.lease import LeaseSettings

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SWITCH = {"true": True, "false": False}


class SettingsError(Exception):
    """A variable of the environment is missing or wrong; the message names it."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set.

    Attributes:
        defaults: Values for what specs leave out.
        lease: Which Lease makes this replica the active one.
        log_level: Least severe level that is logged.
        prometheus: Addresses that the queries of rollout checks may name.
        watch_namespaces: Namespaces to work in; empty means all.
        resync_seconds: Period of the resync, jittered by a tenth.
        workers: Passes that may run at once.
        metrics_port: Port of /metrics.
        health_port: Port of /healthz and /readyz.
    """

    defaults: Defaults
    lease: LeaseSettings
    log_level: str = "INFO"
    prometheus: tuple[str, ...] = ()
    watch_namespaces: tuple[str, ...] = ()
    resync_seconds: float = 300.0
    workers: int = 8
    metrics_port: int = 8080
    health_port: int = 8081

    @property
    def has_heartbeat(self) -> bool:
        """Whether the Lease is watched: its renewals tell a quiet cluster from a dead watch.

        An operator of chosen namespaces has no right to look into the Lease's unless that is one
        of them.
        """
        return not self.watch_namespaces or self.lease.namespace in self.watch_namespaces


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: A variable is missing, or its value cannot be read.
    """
    level = environ.get("CHECKRAIL_LOG_LEVEL", "INFO").upper()
    if level not in LOG_LEVELS:
        raise SettingsError(f"CHECKRAIL_LOG_LEVEL is {level!r}: expected one of {LOG_LEVELS}")
    namespaces = environ.get("CHECKRAIL_WATCH_NAMESPACES", "").split(",")
    return Settings(
        defaults=_defaults(environ),
        lease=_lease(environ),
        log_level=level,
        prometheus=tuple(environ.get("CHECKRAIL_PROMETHEUS_ADDRESSES", "").split()),
        watch_namespaces=tuple(sorted({n.strip() for n in namespaces} - {""})),
        resync_seconds=_positive(environ, "CHECKRAIL_RESYNC_SECONDS", 300.0),
        workers=int(_positive(environ, "CHECKRAIL_WORKERS", 8)),
        metrics_port=_port(environ, "CHECKRAIL_METRICS_PORT", 8080),
        health_port=_port(environ, "CHECKRAIL_HEALTH_PORT", 8081),
    )


def _defaults(environ: Mapping[str, str]) -> Defaults:
    return Defaults(
        trainer_image=_needed(environ, "CHECKRAIL_TRAINER_IMAGE"),
        server_image=_needed(environ, "CHECKRAIL_SERVER_IMAGE"),
        store=_json(environ, "CHECKRAIL_DEFAULT_STORE"),
        object_store=_json(environ, "CHECKRAIL_DEFAULT_OBJECT_STORE") or {},
        network_policy=_switch(environ, "CHECKRAIL_SERVING_NETWORK_POLICY", default=True),
    )


def _lease(environ: Mapping[str, str]) -> LeaseSettings:
    duration = _positive(environ, "CHECKRAIL_LEASE_DURATION_SECONDS", 15.0)
    renew = _positive(environ, "CHECKRAIL_LEASE_RENEW_SECONDS", 5.0)
    if renew * 2 > duration:
        raise SettingsError(
            f"CHECKRAIL_LEASE_RENEW_SECONDS is {renew:g}: expected at most half of "
            f"CHECKRAIL_LEASE_DURATION_SECONDS, {duration:g}, so that one renewal may fail"
        )
    boot = secrets.token_hex(4)
    return LeaseSettings(
        namespace=_needed(environ, "CHECKRAIL_LEASE_NAMESPACE"),
        name=environ.get("CHECKRAIL_LEASE_NAME", "checkrail-operator"),
        pod=environ.get("POD_NAME", f"unnamed-{boot}"),
        boot=boot,
        duration=timedelta(seconds=duration),
        renew_every=timedelta(seconds=renew),
    )


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: it has no default")
    return value


def _json(environ: Mapping[str, str], name: str) -> Manifest | None:
    text = environ.get(name, "")
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{name} is {text!r}: expected a JSON object")
    return value or None


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "") or str(default).lower()
    if text not in SWITCH:
        raise SettingsError(f"{name} is {text!r}: expected true or false")
    return SWITCH[text]


def _positive(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not value > 0:
        raise SettingsError(f"{name} is {text!r}: expected a number greater than 0")
    return value


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdigit() or int(text) > 65_535:  # noqa: PLR2004 - the last port
        raise SettingsError(f"{name} is {text!r}: expected a port, or 0 for any")
    return int(text)
