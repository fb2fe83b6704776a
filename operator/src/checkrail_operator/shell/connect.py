"""How the operator finds its API server and proves who it is."""

from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

CONNECTIONS = 64
"""Requests that may be under way at once."""


class NoClusterError(Exception):
    """Neither a pod's service account nor a kubeconfig says where the API server is."""


async def connect() -> ApiClient:
    """Return a client by the pod's service account, or else by KUBECONFIG.

    Raises:
        NoClusterError: There is neither.
    """
    configuration = Configuration()
    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except ConfigException as in_cluster:
        try:
            await load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except (ConfigException, OSError) as error:
            raise NoClusterError(
                f"not in a pod ({in_cluster}), and no usable kubeconfig ({error}): run inside the "
                f"cluster or set KUBECONFIG"
            ) from error
    configuration.connection_pool_maxsize = CONNECTIONS
    return ApiClient(configuration)
