"""The actual cloud as one run has read it: what the project holds and what the cloud offers to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .model import Route, Rule


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
    """A network the project can see."""

    external: bool = False


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
    """A port; `fixed_ips` are pairs of subnet id and address, `device_owner` says what kind uses it."""

    network_id: str = ""
    device_id: str = ""
    device_owner: str = ""
    fixed_ips: tuple[tuple[str, str], ...] = ()
    security_group_ids: frozenset[str] = frozenset()

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
    """A floating IP; its name is the server it was made for, kept in its description."""

    network_id: str = ""
    address: str = ""
    port_id: str | None = None


@dataclass(frozen=True, slots=True)
class Keypair(Resource):
    """A keypair of the user; the id is its name in nova."""

    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Server(Resource):
    """A server; `fault` is nova's message of a server in ERROR, `flavor` the name it was made with."""

    status: str = "ACTIVE"
    deleting: bool = False
    fault: str = ""
    flavor: str = ""
    image_id: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether the server will never serve: it failed, or somebody is deleting it."""
        return self.deleting or self.status == "ERROR"

    @property
    def is_building(self) -> bool:
        """Whether nova is still at work on the server's first boot."""
        return self.status == "BUILD"


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
    images: tuple[Resource, ...] = ()
    """The images with a declared name."""
    flavors: tuple[Resource, ...] = ()
    """The cloud's flavors, read only if a server's flavor is not a declared name: it may be a declared id."""


@dataclass(frozen=True, slots=True)
class Flavor(Resource):
    """A flavor; `ram` in MiB."""

    vcpus: int = 0
    ram: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of one thing the project may have (-1: any number) and has."""

    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What the cloud offers to new resources; read only when something is to be created."""

    flavors: tuple[Flavor, ...] = ()
    images: tuple[Resource, ...] = ()
    quotas: dict[str, Quota] = field(default_factory=dict)
