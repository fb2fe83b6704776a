"""Which certificate authorities a run trusts: one bundle for botocore and DuckDB.

Each service of a run may bring authorities of its own, in a ConfigMap. A program trusts one file,
so all of them go into one, behind those that are trusted anyway.
"""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import botocore

from checkrail_api.object_store import CA_KEY
from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checkrail_api.object_store import ObjectStore
    from checkrail_api.run import Run
    from checkrail_trainer.environment import Environment

VARIABLE = "AWS_CA_BUNDLE"
"""Names the bundle, to botocore and to us."""
BUNDLE = "authorities.pem"


def bundle(variables: Mapping[str, str]) -> Path:
    """Answer the file of authorities that is trusted."""
    given = variables.get(VARIABLE)
    return Path(given) if given else Path(botocore.__file__).parent / "cacert.pem"


def trusting(environment: Environment, run: Run) -> Environment:
    """Answer the surroundings in which all authorities of the run's services are trusted.

    Raises:
        RunFailedError: InvalidSpec; a ConfigMap holds no certificates.
    """
    names = sorted({each.ca_config_map_ref.name for each in _stores(run) if each.ca_config_map_ref})
    if not names:
        return environment
    texts = [bundle(environment.variables).read_text()]
    texts += [_certificates(environment.authorities / name / CA_KEY, name) for name in names]
    environment.scratch.mkdir(parents=True, exist_ok=True)
    path = environment.scratch / BUNDLE
    path.write_text("\n".join(texts))
    return replace(environment, variables={**environment.variables, VARIABLE: str(path)})


def _stores(run: Run) -> Iterable[ObjectStore]:
    yield run.store
    yield run.object_store
    yield from (each.object_store for each in run.data.sources if each.object_store)
    yield from (each.store for each in run.baselines or ())


def _certificates(path: Path, name: str) -> str:
    try:
        text = path.read_text()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (OSError, ValueError, ssl.SSLError) as error:
        raise RunFailedError(
            Reason.INVALID_SPEC,
            f"ConfigMap `{name}`, named by caConfigMapRef, holds no certificates under {CA_KEY} "
            f"({type(error).__name__}); expected certificate authorities in PEM",
        ) from error
    return text
