"""Which scenarios there are, and which of them can run at the same time."""

from __future__ import annotations

STAGES = (
    # What the others stand on.
    (("docker_host", "guest_image", "embedded_cloud"),),
    # On one cloud at the same time. The containers come after the cloud, whose builders may take their
    # address, and before the calculator, so that only one of the two lanes makes the lab's key.
    (("server_lifecycle", "private_network", "connectivity"), ("docker_containers", "calculator")),
    # The first restarts the cloud and removes it in the end.
    (("client_topology",), ("lxc_container",)),
    # These measure, so nothing runs beside them.
    (("virtualbox", "virtualisation_compared"),),
)
SCENARIOS = tuple(name for stage in STAGES for lane in stage for name in lane)

# With these a run would take half an hour more. Neither proves anything of the main job.
LONG = frozenset({"virtualbox", "virtualisation_compared"})
