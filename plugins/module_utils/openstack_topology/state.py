"""The actual cloud as one run has read it: what the project holds and what the cloud offers to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .model import Route, Rule

RESIZABLE = ("ACTIVE", "SHUTOFF")
POWERING = {"powering-on": "ACTIVE", "powering-off": "SHUTOFF"}
"""By nova's task with a server: the status that it leads to."""
RESIZING = ("RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE")


@dataclass(frozen=True, slots=True)
class Resource:
    """What every resource has.

    `owned` says that the topology's tag or, on a resource whose creation was cut short, its mark in the
    description is there; `tagged` that the tag itself is.
    """

    id: str
    name: str
    owned: bool = False
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class Network(Resource):
    """A network the project can see; `filtered` says that security groups apply to its ports."""

    external: bool = False
    filtered: bool = True


@dataclass(frozen=True, slots=True)
class Subnet(Resource):
    """A subnet the project can see."""

    network_id: str = ""
    cidr: str = ""
    gateway_ip: str | None = None
    dhcp: bool = True
    dns_nameservers: tuple[str, ...] = ()
    allocation_pools: tuple[tuple[str, str], ...] = ()
    host_routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Router(Resource):
    """A router; `external_network_id` is where its gateway is plugged in."""

    external_network_id: str | None = None
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Port(Resource):
    """A port; `fixed_ips` are pairs of subnet id and address, `device_owner` says what kind uses it.

    `filtered` says that security groups apply to it: neutron gives none to others.
    """

    network_id: str = ""
    device_id: str = ""
    device_owner: str = ""
    fixed_ips: tuple[tuple[str, str], ...] = ()
    security_group_ids: frozenset[str] = frozenset()
    filtered: bool = True

    @property
    def is_router_interface(self) -> bool:
        """Whether a router uses the port as an interface, whatever the kind of router."""
        return (
            self.device_owner.startswith("network:") and "router" in self.device_owner and not self.is_gateway
        )

    @property
    def is_gateway(self) -> bool:
        """Whether a router uses the port as its gateway."""
        return self.device_owner == "network:router_gateway"

    @property
    def is_neutrons(self) -> bool:
        """Whether neutron made the port for its own services and removes it together with the network."""
        return self.device_owner in ("network:dhcp", "network:distributed")


@dataclass(frozen=True, slots=True)
class SecurityGroup(Resource):
    """A security group; its rules name groups by id, its description is without the owner's mark."""

    description: str = ""
    rules: tuple[tuple[str, Rule], ...] = ()


@dataclass(frozen=True, slots=True)
class FloatingIp(Resource):
    """A floating IP; its name is the server it was made for, kept in its description.

    `router_id` is the router whose gateway carries it to `port_id`.
    """

    network_id: str = ""
    address: str = ""
    port_id: str | None = None
    router_id: str | None = None


@dataclass(frozen=True, slots=True)
class Keypair(Resource):
    """A keypair of the user; the id is its name in nova."""

    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Server(Resource):
    """A server; `fault` is nova's message of a server in ERROR, `task` what nova is doing with it.

    `flavor` is a name; what it gives are `vcpus`, `ram` in MiB and `disk` in GiB.
    """

    status: str = "ACTIVE"
    deleting: bool = False
    task: str = ""
    fault: str = ""
    flavor: str = ""
    vcpus: int = 0
    ram: int = 0
    disk: int = 0
    image_id: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def becoming(self) -> str:
        """The status after a start or stop that is under way, the present one if none is."""
        return POWERING.get(self.task, self.status)

    @property
    def is_lost(self) -> bool:
        """Whether the server will never serve: it failed, or somebody is deleting it."""
        return self.deleting or self.status == "ERROR"

    @property
    def is_building(self) -> bool:
        """Whether nova is still at work on the server's first boot."""
        return self.status == "BUILD"

    @property
    def is_resizing(self) -> bool:
        """Whether a resize has begun and is neither confirmed nor reverted."""
        return self.status in RESIZING

    def move_to(self, flavor: str) -> str:
        """Return the request that brings the server nearer to `flavor`, "" if there is none.

        It is confirm, revert or resize, once nova has no task with the server.
        """
        if self.status == "VERIFY_RESIZE":
            return "confirm" if self.flavor == flavor else "revert"
        return "resize" if self.status in RESIZABLE and self.flavor != flavor else ""


@dataclass(frozen=True, slots=True)
class Image(Resource):
    """An image; `base_id` is the image that the server had of which this one is a snapshot.

    `min_disk` (GiB) and `min_ram` (MiB) are what a flavor must have for it.
    """

    base_id: str = ""
    min_disk: int = 0
    min_ram: int = 0


@dataclass(frozen=True, slots=True)
class Actual:
    """Everything one run has read before it plans."""

    networks: tuple[Network, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    routers: tuple[Router, ...] = ()
    ports: tuple[Port, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    floating_ips: tuple[FloatingIp, ...] = ()
    keypairs: tuple[Keypair, ...] = ()
    servers: tuple[Server, ...] = ()
    images: tuple[Image, ...] = ()
    """The images with a declared name; those of servers that have others, and what they descend from."""
    flavors: tuple[Resource, ...] = ()
    """The cloud's flavors, read only if a server's has not the declared name: an id may be declared."""

    def lineage(self, image_id: str) -> list[str]:
        """Return the ids of an image, of what it is a snapshot of, and so on as far as they are known."""
        bases = {image.id: image.base_id for image in self.images}
        line: list[str] = []
        while image_id and image_id not in line:
            line.append(image_id)
            image_id = bases.get(image_id, "")
        return line


@dataclass(frozen=True, slots=True)
class Flavor(Resource):
    """A flavor; `ram` in MiB, `disk` in GiB."""

    vcpus: int = 0
    ram: int = 0
    disk: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of one thing the project may have (-1: any number) and has."""

    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What the cloud offers to new resources; read only when something is to be created or resized."""

    flavors: tuple[Flavor, ...] = ()
    images: tuple[Image, ...] = ()
    quotas: dict[str, Quota] = field(default_factory=dict)
