"""Which scenarios there are, and which of them can run at the same time."""

from __future__ import annotations

STAGES = (
    # What the others stand on.
    (("docker_host", "guest_image", "embedded_cloud"),),
    # At the same time on one cloud. The containers come after it, as its builders may take their address.
    (("server_lifecycle", "private_network", "connectivity"), ("docker_containers", "calculator")),
    (("endurance",),),
    # The first restarts the cloud and removes it in the end.
    (("client_topology",), ("docker_missing", "lxc_container", "static_route")),
    # These measure, so nothing runs beside them.
    (("virtualbox", "virtualbox_snapshot", "virtualbox_nested", "virtualisation_compared", "site"),),
)
SCENARIOS = tuple(name for stage in STAGES for lane in stage for name in lane)

# These need no cloud, or bring their own.
CLOUDLESS = frozenset(
    {
        "docker_host",
        "docker_containers",
        "docker_missing",
        "guest_image",
        "lxc_container",
        "site",
        "static_route",
        "virtualbox",
        "virtualbox_nested",
        "virtualbox_snapshot",
        "virtualisation_compared",
    }
)
# With these a run would take hours.
LONG = frozenset(
    {"endurance", "virtualbox", "virtualbox_snapshot", "virtualbox_nested", "virtualisation_compared", "site"}
)
