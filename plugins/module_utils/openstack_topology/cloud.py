"""The edge to the cloud: connect, read everything in a few bulk requests, apply one step."""

from __future__ import annotations

import base64
import os
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import keystoneauth1.exceptions as auth_errors
import openstack
from openstack import exceptions
from openstack.network.v2 import floating_ip, network, port, router, security_group, subnet

from . import clouds_yaml, state
from .model import Route, Rule, Server, described, description_text, keypair_name, owner_tag
from .plan import Found, Step, address_of, rule_changes

REQUEST_TIMEOUT = 120
"""Seconds until an API that accepts a request and does not answer counts as unreachable."""
POLL = 0.5
"""Seconds between two looks at the servers; one list serves all that are waited for."""
PATIENCE = 60
"""Seconds for which nova, while it is busy, is asked again for its servers."""
PASSING = (429, 502, 503, 504)
"""The statuses of answers that pass by themselves."""
WORKERS = 8

SERVICES = ("compute", "image", "network")

TAGGED = {
    "network": network.Network,
    "subnet": subnet.Subnet,
    "router": router.Router,
    "port": port.Port,
    "security_group": security_group.SecurityGroup,
    "floating_ip": floating_ip.FloatingIP,
}
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "any": None, "0": None}
ICMP_V6 = ("ipv6-icmp", "icmpv6", "58")
"""What neutron makes of icmp in a rule for IPv6."""


class CloudError(Exception):
    """What the cloud refuses or cannot do, in one sentence for people."""


def connect(cloud: str) -> openstack.connection.Connection:
    """Return an authenticated connection; raises `CloudError` if there is none to be had."""
    named = os.environ.get("OS_CLIENT_CONFIG_FILE")
    if named and not Path(named).is_file():
        # openstacksdk would go on to the user's own files.
        raise CloudError(
            f"cloud: {cloud!r} cannot be looked up: the environment variable OS_CLIENT_CONFIG_FILE names "
            f"{named}, and there is no such file; correct it, or make the file"
        )
    paths = [Path(path) for path in openstack.config.loader.CONFIG_FILES]
    path = Path(named) if named else next((path for path in paths if os.access(path, os.R_OK)), None)
    content = None
    try:
        if path:
            content = clouds_yaml.parse(path.read_bytes())
            # The cloud that OS_* variables describe needs no entry.
            if content or cloud != os.environ.get("OS_CLOUD_NAME", "envvars"):
                clouds_yaml.check_shape(content, cloud)
    except clouds_yaml.FaultError as error:
        raise CloudError(f"cloud: {cloud!r} cannot be looked up: {path} {error}") from error
    except OSError as error:
        raise CloudError(f"cloud: {cloud!r} cannot be looked up: {error}; make the file readable") from error
    try:
        config = openstack.config.OpenStackConfig()
    except exceptions.ConfigException as error:
        raise CloudError(f"cloud: {cloud!r} cannot be looked up: {error}") from error
    # Without any entry openstacksdk invents one of its own defaults.
    names = sorted(n for n in config.get_cloud_names() if content or n != "defaults")
    if cloud not in names:
        place = config.config_filename or "any of " + ", ".join(map(str, dict.fromkeys(paths)))
        raise CloudError(
            f"cloud: {cloud!r} is not in {place}; entries there: {', '.join(names) or 'none'}; "
            f"correct the name, or name the right file in the environment variable OS_CLIENT_CONFIG_FILE"
        )
    url = "its auth_url"
    try:
        region = config.get_one(cloud=cloud, api_timeout=REQUEST_TIMEOUT)
        url = region.config.get("auth", {}).get("auth_url", url)
        if clouds_yaml.lacks_password(region.config):
            raise CloudError(
                f"cloud: {cloud!r} in {config.config_filename} has no password; add it to auth there, or to "
                f"secure.yaml beside it"
            )
        connection = openstack.connection.Connection(config=region)
        connection.session.get_token()
        if connection.current_project_id is None:
            raise CloudError(
                f"cloud: {cloud!r} in {config.config_filename} has no project; add project_name to auth there"
            )
    except TypeError as error:
        # Python's sentence names the first of the credentials that the kind does not know.
        raise CloudError(
            f"cloud: {cloud!r} in {config.config_filename} has credentials that its auth_type does not take "
            f"({error}); write auth_type: v3applicationcredential for an application credential, token for a "
            f"token"
        ) from error
    except auth_errors.Unauthorized as error:
        raise CloudError(
            f"cloud: {cloud!r} refuses the credentials of {config.config_filename} at {url} ({error}); "
            f"correct user, password, project or domain there"
        ) from error
    except (auth_errors.ConnectionError, auth_errors.DiscoveryFailure, auth_errors.HttpError) as error:
        # Of a failed connection only the innermost reason helps; around it are Python's objects.
        reason = re.findall(r"\[Errno -?\d+\] ([^\"')]+)", str(error))[-1:] or [str(error)]
        raise CloudError(
            f"cloud: {cloud!r} cannot be reached at {url} ({reason[0]}); start the cloud or correct auth_url"
        ) from error
    except (exceptions.ConfigException, auth_errors.ClientException) as error:
        raise CloudError(
            f"cloud: {cloud!r} in {config.config_filename} is not usable: "
            f"{str(error).rstrip('.')}; correct the entry"
        ) from error
    except OSError as error:
        # Of the files that an entry names openstacksdk looks at none before it connects.
        raise CloudError(
            f"cloud: {cloud!r} in {config.config_filename} is not usable: {error}; correct cacert, cert "
            f"or key"
        ) from error
    # Touched here, in one thread: discovery of a service's endpoint is not safe in several.
    for service in SERVICES:
        try:
            getattr(connection, service).get_endpoint_data()
        except auth_errors.CatalogException as error:
            raise CloudError(
                f"cloud: {cloud!r} lets us in at {url}, and tells of no {service} service there ({error}); "
                f"correct region_name or interface in {config.config_filename}"
            ) from error
        except (exceptions.SDKException, auth_errors.ClientException) as error:
            raise CloudError(
                f"cloud: {cloud!r} lets us in at {url}, and its {service} service does not answer "
                f"({explain(error)}); wait until it does, or ask the cloud's operator"
            ) from error
    return connection


def explain(error: Exception) -> str:
    """Return an API's error as one sentence."""
    if isinstance(error, exceptions.HttpException):
        return f"{error.details or error.message} ({error.status_code})"
    return str(error) or type(error).__name__


def console_text(compute: Any, name: str, server_id: str) -> str:
    """Return what a server has written to its console; raises `CloudError`."""
    try:
        return str(compute.get_server_console_output(server_id)["output"] or "")
    except exceptions.ConflictException:
        # Nova has no console yet: the server is being built, or stands still.
        return ""
    except (exceptions.SDKException, auth_errors.ClientException) as error:
        raise CloudError(f"console of server {name}: {explain(error)}") from error


class Cloud:
    """One topology's view of one project.

    After `read`, `found` is set by the caller to what the plan knows; `apply` adds what it creates.
    """

    def __init__(self, connection: openstack.connection.Connection, owner: str, timeout: float) -> None:
        self.owner = owner
        self.timeout = timeout
        self.network = connection.network
        self.compute = connection.compute
        self.image = connection.image
        self.project = connection.current_project_id
        self.found: dict[tuple[str, str], Found] = {}
        self.rules: dict[str, tuple[tuple[str, Rule], ...]] = {}
        """By the group's id: the rules it has."""
        self.polling = threading.Lock()
        self.polled = float("-inf")
        self.servers: dict[str, state.Server] = {}
        """By id: the topology's servers as they were at the time `polled`."""
        self.told_again: set[str] = set()
        """The ids of servers that nova has been told to delete twice."""

    # ---- reading

    def read(self, servers: Collection[Server] = (), all_servers: bool = False) -> state.Actual:
        """Return what the project has, and the images that the declared `servers` name.

        Of the project's servers only the topology's own, unless `all_servers`.
        """
        wanted = {server.image for server in servers}
        tag = owner_tag(self.owner)
        mine = {"project_id": self.project}
        lists: dict[str, Callable[[], list[Any]]] = {
            "networks": lambda: [self._network(n) for n in self.network.networks()],
            "subnets": lambda: [self._subnet(s) for s in self.network.subnets()],
            "routers": lambda: [self._router(r) for r in self.network.routers(**mine)],
            "ports": lambda: [self._port(p) for p in self.network.ports(**mine)],
            "security_groups": lambda: [self._group(g) for g in self.network.security_groups(**mine)],
            "floating_ips": lambda: [self._address(f) for f in self.network.ips(**mine)],
            "keypairs": lambda: [self._keypair(k) for k in self.compute.keypairs()],
            "servers": lambda: [
                self._server(s) for s in self.compute.servers(**({} if all_servers else {"tags": tag}))
            ],
            "images": lambda: self._images("name", wanted) if wanted else [],
        }
        actual = state.Actual(**{name: tuple(items) for name, items in _together(lists).items()})
        self.rules = {group.id: group.rules for group in actual.security_groups}
        return self._look_closer(actual, {server.name: server for server in servers})

    def _look_closer(self, actual: state.Actual, declared: Mapping[str, Server]) -> state.Actual:
        """Return `actual` with the flavors and images that tell whether servers which look different are."""
        pairs = [(s, declared[s.name]) for s in actual.servers if s.owned and s.name in declared]
        images = {(image.name, image.id) for image in actual.images}
        unknown = {
            id_
            for there, server in pairs
            if there.image_id not in ("", server.image) and (server.image, there.image_id) not in images
            for id_ in {there.image_id, server.image}.difference(name for name, _ in images)
        }
        lists: dict[str, Callable[[], list[Any]]] = {}
        if any(there.flavor != server.flavor for there, server in pairs):
            lists["flavors"] = self._flavors
        if unknown:
            lists["images"] = lambda: self._descent(unknown, actual.images)
        return replace(actual, **{name: tuple(items) for name, items in _together(lists).items()})

    def offer(self) -> state.Offer:
        """Return the flavors, images and quotas of the project."""
        parts = _together(
            {
                "flavors": self._flavors,
                "images": lambda: [
                    state.Image(i.id, i.name, min_disk=i.min_disk or 0, min_ram=i.min_ram or 0)
                    for i in self.image.images()
                    if i.status == "active"
                ],
                "quotas": lambda: [*self._network_quotas(), *self._compute_quotas()],
            }
        )
        return state.Offer(tuple(parts["flavors"]), tuple(parts["images"]), dict(parts["quotas"]))

    def _flavors(self) -> list[state.Flavor]:
        return [
            state.Flavor(f.id, f.name, vcpus=f.vcpus, ram=f.ram, disk=f.disk) for f in self.compute.flavors()
        ]

    def _network_quotas(self) -> list[tuple[str, state.Quota]]:
        kinds = {
            "network": "networks",
            "subnet": "subnets",
            "router": "routers",
            "port": "ports",
            "security_group": "security_groups",
            "security_group_rule": "security_group_rules",
            "floating_ip": "floating_ips",
        }
        try:
            details = self.network.get_quota(self.project, details=True)
        except exceptions.HttpException:
            # Some clouds keep these figures from members; neutron then refuses what is too much itself.
            return []
        figures = {kind: getattr(details, attribute) for kind, attribute in kinds.items()}
        return [
            (kind, state.Quota(figure["limit"], figure["used"] + figure.get("reserved", 0)))
            for kind, figure in figures.items()
            if figure
        ]

    def _compute_quotas(self) -> list[tuple[str, state.Quota]]:
        limits = self.compute.get_limits().absolute
        return [
            ("server", state.Quota(limits.instances, limits.instances_used)),
            ("core", state.Quota(limits.total_cores, limits.total_cores_used)),
            ("ram", state.Quota(limits.total_ram, limits.total_ram_used)),
            ("keypair", state.Quota(limits.keypairs, sum(1 for _ in self.compute.keypairs()))),
        ]

    def _images(self, attribute: str, wanted: Iterable[str]) -> list[state.Image]:
        values = ",".join(f'"{value}"' for value in sorted(wanted))
        return [
            state.Image(i.id, i.name, base_id=(i.properties or {}).get("base_image_ref") or "")
            for i in self.image.images(**{attribute: f"in:{values}"})
        ]

    def _descent(self, ids: set[str], known: Iterable[state.Image]) -> list[state.Image]:
        """Return the `known` images, those with the `ids`, and what they descend from by snapshots."""
        images = {image.id: image for image in known}
        asked: set[str] = set()
        while missing := ids - images.keys() - asked:
            asked |= missing
            images |= {image.id: image for image in self._images("id", missing)}
            # Nova names the image that the server had: of a server made anew from a snapshot, the snapshot.
            ids = {images[id_].base_id for id_ in missing & images.keys()} - {""}
        return list(images.values())

    def _owned(self, resource: Any) -> dict[str, bool]:
        # What another project shares with this one may be a topology of the same name: it is theirs.
        mine = resource.project_id == self.project
        tagged = mine and owner_tag(self.owner) in (resource.tags or ())
        marked = description_text(self.owner, resource.description or "") is not None
        return {"owned": tagged or (mine and marked), "tagged": tagged}

    def _text(self, resource: Any) -> str:
        description = resource.description or ""
        text = description_text(self.owner, description)
        return description if text is None else text

    def _network(self, n: Any) -> state.Network:
        return state.Network(
            n.id,
            n.name,
            **self._owned(n),
            external=bool(n.is_router_external),
            filtered=n.is_port_security_enabled is not False,
        )

    def _subnet(self, s: Any) -> state.Subnet:
        return state.Subnet(
            s.id,
            s.name,
            **self._owned(s),
            network_id=s.network_id,
            cidr=s.cidr,
            gateway_ip=s.gateway_ip,
            dhcp=bool(s.is_dhcp_enabled),
            dns_nameservers=tuple(s.dns_nameservers or ()),
            allocation_pools=tuple(sorted((p["start"], p["end"]) for p in s.allocation_pools or ())),
            host_routes=_routes(s.host_routes),
        )

    def _router(self, r: Any) -> state.Router:
        gateway = r.external_gateway_info or {}
        return state.Router(
            r.id,
            r.name,
            **self._owned(r),
            external_network_id=gateway.get("network_id"),
            routes=_routes(r.routes),
        )

    def _port(self, p: Any) -> state.Port:
        return state.Port(
            p.id,
            p.name,
            **self._owned(p),
            network_id=p.network_id,
            device_id=p.device_id or "",
            device_owner=p.device_owner or "",
            fixed_ips=tuple((ip["subnet_id"], ip["ip_address"]) for ip in p.fixed_ips or ()),
            security_group_ids=frozenset(p.security_group_ids or ()),
            filtered=p.is_port_security_enabled is not False,
        )

    def _group(self, g: Any) -> state.SecurityGroup:
        rules = _rules(g.security_group_rules or ())
        return state.SecurityGroup(g.id, g.name, **self._owned(g), description=self._text(g), rules=rules)

    def _address(self, f: Any) -> state.FloatingIp:
        return state.FloatingIp(
            f.id,
            self._text(f),
            **self._owned(f),
            network_id=f.floating_network_id,
            address=f.floating_ip_address,
            port_id=f.port_id,
            router_id=f.router_id,
        )

    def _keypair(self, k: Any) -> state.Keypair:
        prefix = keypair_name(self.owner, "")
        owned = k.name.startswith(prefix)
        return state.Keypair(k.name, k.name.removeprefix(prefix), owned, owned, public_key=k.public_key)

    def _server(self, s: Any) -> state.Server:
        owned = owner_tag(self.owner) in (s.tags or ())
        flavor = s.flavor or {}
        return state.Server(
            s.id,
            s.name,
            owned,
            owned,
            status=s.status,
            deleting=s.task_state in ("deleting", "soft-deleting"),
            task=s.task_state or "",
            fault=(s.fault or {}).get("message", ""),
            flavor=flavor.get("original_name") or flavor.get("name") or "",
            vcpus=flavor.get("vcpus") or 0,
            ram=flavor.get("ram") or 0,
            disk=flavor.get("disk") or 0,
            image_id=(s.image or {}).get("id") or "",
            metadata=tuple(sorted((s.metadata or {}).items())),
        )

    # ---- applying

    def apply(self, step: Step) -> None:
        """Carry out one step; raises `CloudError`."""
        act: Callable[[Step], None] = getattr(self, f"_{step.action}_{step.kind}", None) or getattr(
            self, f"_{step.action}"
        )
        try:
            act(step)
        except (exceptions.SDKException, auth_errors.ClientException) as error:
            raise CloudError(explain(error)) from error

    def id(self, kind: str, name: str) -> str:
        """Return the id of a resource that exists by now."""
        return self.found[kind, name].id

    def _mark(self, name: str, text: str = "") -> dict[str, str]:
        return {"name": name, "description": described(self.owner, text)}

    def _learn(self, kind: str, name: str, id_: str, address: str = "", status: str = "") -> None:
        self.found[kind, name] = Found(id_, address, status)

    def _tag(self, step: Step) -> None:
        for name in step.spec["names"]:
            TAGGED[step.kind].new(id=self.id(step.kind, name)).add_tag(self.network, owner_tag(self.owner))

    def _delete(self, step: Step) -> None:
        delete = {
            "router": self.network.delete_router,
            "subnet": self.network.delete_subnet,
            "network": self.network.delete_network,
            "port": self.network.delete_port,
            "security_group": self.network.delete_security_group,
            "floating_ip": self.network.delete_ip,
            "keypair": self.compute.delete_keypair,
            "server": self.compute.delete_server,
        }[step.kind]
        delete(step.spec["id"])

    def _create_network(self, step: Step) -> None:
        self._learn("network", step.name, self.network.create_network(**self._mark(step.name)).id)

    def _create_subnet(self, step: Step) -> None:
        spec = dict(step.spec)
        network_id = self.id("network", spec.pop("network"))
        cidr = spec.pop("cidr")
        made = self.network.create_subnet(
            **self._mark(step.name), network_id=network_id, cidr=cidr, ip_version=4, **_subnet_body(spec)
        )
        self._learn("subnet", step.name, made.id)

    def _update_subnet(self, step: Step) -> None:
        self.network.update_subnet(self.id("subnet", step.name), **_subnet_body(step.spec))

    def _create_router(self, step: Step) -> None:
        made = self.network.create_router(
            **self._mark(step.name), **self._gateway(step.spec["external_network"])
        )
        self._learn("router", step.name, made.id)

    def _update_router(self, step: Step) -> None:
        # The gateway alone: neutron keeps the routes of a router whose update does not name them.
        body = self._gateway(step.spec["external_network"]) or {"external_gateway_info": {}}
        self.network.update_router(self.id("router", step.name), **body)

    def _gateway(self, external_network: str | None) -> dict[str, Any]:
        if external_network is None:
            return {}
        return {"external_gateway_info": {"network_id": self.id("external_network", external_network)}}

    def _create_interface(self, step: Step) -> None:
        router_id = self.id("router", step.spec["router"])
        if "port" in step.spec:
            self.network.add_interface_to_router(router_id, None, self.id("port", step.spec["port"]))
        else:
            self.network.add_interface_to_router(router_id, self.id("subnet", step.spec["subnet"]))

    def _delete_interface(self, step: Step) -> None:
        try:
            self.network.remove_interface_from_router(step.spec["router_id"], None, step.spec["port_id"])
        except exceptions.NotFoundException:
            # Somebody was faster; the aim is reached.
            return

    def _set_routes(self, router_id: str, routes: Iterable[Route]) -> None:
        body = [{"destination": route.destination, "nexthop": route.nexthop} for route in routes]
        self.network.update_router(router_id, routes=body)

    def _create_routes(self, step: Step) -> None:
        self._set_routes(self.id("router", step.name), step.spec["routes"])

    _update_routes = _create_routes

    def _delete_routes(self, step: Step) -> None:
        self._set_routes(step.spec["id"], step.spec["routes"])

    def _create_security_group(self, step: Step) -> None:
        made = self.network.create_security_group(**self._mark(step.name, step.spec["description"]))
        self._learn("security_group", step.name, made.id)
        self.rules[made.id] = _rules(made.security_group_rules or ())

    def _update_security_group(self, step: Step) -> None:
        mark = self._mark(step.name, step.spec["description"])
        self.network.update_security_group(self.id("security_group", step.name), **mark)

    def _create_rules(self, step: Step) -> None:
        group_id = self.id("security_group", step.name)
        declared = [
            replace(rule, remote_group=self.id("security_group", rule.remote_group))
            if rule.remote_group
            else rule
            for rule in step.spec["rules"]
        ]
        missing, surplus = rule_changes(declared, self.rules[group_id])
        for rule_id in surplus:
            self.network.delete_security_group_rule(rule_id)
        if missing:
            bodies = [_rule_body(rule, group_id) for rule in missing]
            list(self.network.create_security_group_rules(bodies))

    _update_rules = _create_rules

    def _create_keypair(self, step: Step) -> None:
        name = keypair_name(self.owner, step.name)
        self.compute.create_keypair(name=name, public_key=step.spec["public_key"])
        self._learn("keypair", step.name, name)

    def _groups(self, names: Iterable[str]) -> list[str]:
        return [self.id("security_group", name) for name in names]

    def _create_port(self, step: Step) -> None:
        network_id = step.spec["network_id"] or self.id("network", step.name)
        bodies = []
        for spec in step.spec["ports"]:
            body: dict[str, Any] = {**self._mark(spec["name"]), "network_id": network_id}
            if spec["address"]:
                body["fixed_ips"] = [{"ip_address": spec["address"]}]
            # A router's port takes none; a server's without any gets neutron's default group.
            if spec["router"] or spec["security_groups"]:
                body["security_groups"] = self._groups(spec["security_groups"])
            bodies.append(body)
        for made in self.network.create_ports(bodies):
            self._learn("port", made.name, made.id, address_of(self._port(made)))

    def _update_port(self, step: Step) -> None:
        body: dict[str, Any] = {}
        if "address" in step.spec:
            others = [{"subnet_id": id_, "ip_address": address} for id_, address in step.spec["beside"]]
            body["fixed_ips"] = [{"ip_address": step.spec["address"]}, *others]
        if "security_groups" in step.spec:
            body["security_groups"] = self._groups(step.spec["security_groups"])
        if step.spec.get("filtered"):
            body["port_security_enabled"] = True
        made = self.network.update_port(self.id("port", step.name), **body)
        self._learn("port", step.name, made.id, address_of(self._port(made)))

    def _create_server(self, step: Step) -> None:
        spec = step.spec
        body: dict[str, Any] = {
            "name": step.name,
            "image_id": self.id("image", spec["image"]),
            "flavor_id": self.id("flavor", spec["flavor"]),
            "networks": [{"port": self.id("port", name)} for name in spec["ports"]],
            "tags": [owner_tag(self.owner)],
        }
        if spec["keypair"]:
            body["key_name"] = self.id("keypair", spec["keypair"])
        if spec["user_data"]:
            body["user_data"] = base64.b64encode(spec["user_data"].encode()).decode()
        if spec["config_drive"]:
            body["config_drive"] = True
        if spec["metadata"]:
            body["metadata"] = spec["metadata"]
        self._learn("server", step.name, self.compute.create_server(**body).id, status="BUILD")

    def _update_server(self, step: Step) -> None:
        self.compute.set_server_metadata(self.id("server", step.name), **step.spec["metadata"])

    def _update_flavor(self, step: Step) -> None:
        wanted = step.spec["name"]
        server = self._at_rest(step.name)
        if server.move_to(wanted) == "revert":
            self.compute.revert_server_resize(server.id)
            server = self._at_rest(step.name)
        if server.move_to(wanted) == "resize":
            self.compute.resize_server(server.id, self.id("flavor", step.spec["flavor"]))
            server = self._at_rest(step.name)
        if server.move_to(wanted) == "confirm":
            server = self._confirm(server)
        if server.status not in state.RESIZABLE or server.flavor != wanted:
            kept = f"put the server back to {server.flavor!r}"
            remedy = "declare another flavor, or ask the cloud's operator for room"
            raise CloudError(self._not_done(server, f"resize to {wanted!r}", kept, remedy))
        self._learn("server", step.name, server.id, status=server.status)

    def _update_power(self, step: Step) -> None:
        wanted = step.spec["status"]
        server = self._at_rest(step.name)
        request, what = {
            "ACTIVE": (self.compute.start_server, "start the server"),
            "SHUTOFF": (self.compute.stop_server, "stop the server"),
        }[wanted]
        if server.status in state.RESIZABLE and server.status != wanted and not server.task:
            try:
                request(server.id)
            except exceptions.ConflictException:
                # Somebody else may have been faster.
                if self._at_rest(step.name).status != wanted:
                    raise
            server = self._at_rest(step.name)
        if server.status != wanted or server.task:
            kept = f"left it in {server.status}"
            remedy = "run again, or ask the cloud's operator"
            raise CloudError(self._not_done(server, what, kept, remedy))
        self._learn("server", step.name, server.id, status=server.status)

    def _at_rest(self, name: str, leaving: str = "") -> state.Server:
        """Return the server once nova has no task with it and it has left a status, or when time is up.

        Raises `CloudError` if it is gone.
        """
        deadline = time.monotonic() + self.timeout
        while True:
            server = self._poll().get(self.id("server", name))
            if server is None:
                raise CloudError(f"server {name} was deleted by somebody else")
            rests = server.is_lost or not (server.task or server.status == leaving)
            if rests or time.monotonic() > deadline:
                return server

    def _poll(self) -> dict[str, state.Server]:
        """Return the topology's servers by id, after a while and as they were after the call.

        Whoever polls at the same time gets the same list.
        """
        time.sleep(POLL)
        with self.polling:
            now = time.monotonic()
            # A younger list was begun while this call slept.
            if now - self.polled >= POLL:
                self.servers = {s.id: self._server(s) for s in self._listed()}
                self.polled = now
            return self.servers

    def _listed(self) -> list[Any]:
        """Return the topology's servers as nova lists them, again where it is only busy."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return list(self.compute.servers(tags=owner_tag(self.owner)))
            except (exceptions.HttpException, auth_errors.ConnectFailure) as error:
                passes = getattr(error, "status_code", 503) in PASSING
                if not passes or time.monotonic() > deadline:
                    raise
            time.sleep(POLL)

    def _confirm(self, server: state.Server) -> state.Server:
        """Confirm the resize and return the server as it is then; raises `CloudError` after reverting it."""
        why = f"after {self.timeout:g} s nova has not confirmed the resize to {server.flavor!r}"
        leaving = server.status
        try:
            self.compute.confirm_server_resize(server.id)
        except (exceptions.SDKException, auth_errors.ClientException) as error:
            why = f"nova does not confirm the resize to {server.flavor!r}: {explain(error)}"
            leaving = ""
        # Nova or somebody else may have been faster.
        left = self._at_rest(server.name, leaving)
        if left.status != server.status:
            return left
        try:
            self.compute.revert_server_resize(server.id)
        except (exceptions.SDKException, auth_errors.ClientException) as error:
            raise CloudError(
                f"{why}; nor does it revert it: {explain(error)}; the server stays in {left.status}, and the "
                f"next run tries again"
            ) from error
        left = self._at_rest(server.name)
        raise CloudError(
            f"{why}; reverted it: the server is {left.status} with {left.flavor!r}; the next run tries again"
        )

    def _not_done(self, server: state.Server, what: str, kept: str, remedy: str) -> str:
        """Return the sentence for a server that came to rest without what was asked for, or did not rest."""
        if server.status == "ERROR":
            return (
                f"nova could not {what} and has left the server in ERROR: "
                f"{self._reason(server)}; the next run makes it anew, so have the cloud's operator repair it "
                f"first if it is to be kept"
            )
        if server.status in state.RESIZABLE and not server.task:
            return f"nova could not {what} and has {kept}: {self._reason(server)}; {remedy}"
        return (
            f"nova did not {what}: the server is in {server.status}; raise timeout ({self.timeout:g} s) if "
            f"nova is only slow, the next run goes on from there"
        )

    def _reason(self, server: state.Server) -> str:
        """Return why nova has given up: plain members are told faults, and rarely more."""
        if server.fault:
            return server.fault
        try:
            request = next(self.compute.server_actions(server.id)).request_id
            events = self.compute.get_server_action(request, server.id).events or ()
        except (StopIteration, exceptions.SDKException, auth_errors.ClientException):
            return "it gives no reason"
        details = [event.details for event in events if event.details]
        return details[0] if details else f"it gives no reason; its log has one under {request}"

    def _update_attachment(self, step: Step) -> None:
        # Nova attaches nothing to a server that an interrupted run has left starting or stopping.
        server_id = self._at_rest(step.name).id
        for name in step.spec["ports"]:
            port_id = self.id("port", name)
            if self.network.get_port(port_id).device_id != server_id:
                self.compute.create_server_interface(server_id, port_id=port_id)

    def _wait_server(self, step: Step) -> None:
        deadline = time.monotonic() + self.timeout
        check = self._still_there if step.name == "gone" else self._not_ready
        wanted = step.spec["ids"] if step.name == "gone" else step.spec["names"]
        while left := check(wanted):
            if time.monotonic() > deadline:
                raise CloudError(
                    f"after {self.timeout:g} s these servers are not {step.name}: {', '.join(left)}; raise "
                    f"timeout if they are only slow"
                )
            time.sleep(POLL)

    def _still_there(self, ids: Iterable[str]) -> list[str]:
        listed = {s.id: self._server(s) for s in self._listed()}
        there = [listed[id_] for id_ in ids if id_ in listed]
        for server in there:
            # Nova has given the deletion up: while it works on it, that is the server's task.
            if server.status == "ERROR" and not server.task:
                if server.id in self.told_again:
                    raise CloudError(f"nova does not delete server {server.name}: {self._reason(server)}")
                self.told_again.add(server.id)
                self.compute.delete_server(server.id)
        return [server.name for server in there]

    def _not_ready(self, names: Iterable[str]) -> list[str]:
        there = {s.id: s for s in self._listed()}
        left, failed = [], []
        for name in names:
            server = there.get(self.id("server", name))
            if server is None:
                failed.append(f"server {name} was deleted by somebody else")
            elif server.status == "ERROR":
                failed.append(
                    f"server {name}: {(server.fault or {}).get('message') or 'nova gives no reason'}"
                )
            elif server.status == "BUILD":
                left.append(name)
            else:
                self._learn("server", name, server.id, status=server.status)
        if failed:
            raise CloudError("; ".join(failed))
        return left

    def _create_floating_ip(self, step: Step) -> None:
        made = self.network.create_ip(
            description=described(self.owner, step.name),
            floating_network_id=self.id("external_network", step.spec["network"]),
            port_id=self.id("port", step.spec["port"]),
        )
        self._learn("floating_ip", step.name, made.id, made.floating_ip_address)

    def _update_floating_ip(self, step: Step) -> None:
        self.network.update_ip(self.id("floating_ip", step.name), port_id=self.id("port", step.spec["port"]))

    def _update_association(self, step: Step) -> None:
        server = step.spec["server"]
        name = {"description": described(self.owner, server)} if server else {}
        self.network.update_ip(step.spec["id"], port_id=None, **name)


def _together(calls: Mapping[str, Callable[[], list[Any]]]) -> dict[str, list[Any]]:
    """Run the calls in a pool; raises `CloudError` for the first that fails."""
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = {name: pool.submit(call) for name, call in calls.items()}
    try:
        return {name: future.result() for name, future in futures.items()}
    except (exceptions.SDKException, auth_errors.ClientException) as error:
        raise CloudError(f"cloud: it cannot be read: {explain(error)}") from error


def _subnet_body(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a subnet in neutron's words."""
    body = dict(spec)
    if "dhcp" in body:
        body["is_dhcp_enabled"] = body.pop("dhcp")
    if "dns_nameservers" in body:
        body["dns_nameservers"] = list(body["dns_nameservers"])
    if "allocation_pools" in body:
        body["allocation_pools"] = [{"start": start, "end": end} for start, end in body["allocation_pools"]]
    if "host_routes" in body:
        body["host_routes"] = [
            {"destination": r.destination, "nexthop": r.nexthop} for r in body["host_routes"]
        ]
    return body


def _rule_body(rule: Rule, group_id: str) -> dict[str, Any]:
    return {
        "security_group_id": group_id,
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        "protocol": rule.protocol,
        "port_range_min": rule.port_min,
        "port_range_max": rule.port_max,
        "remote_ip_prefix": rule.remote_cidr,
        "remote_group_id": rule.remote_group,
        "description": rule.description,
    }


def _rules(rules: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, Rule], ...]:
    """Return neutron's rules with what means the same written the same way."""
    result = []
    for rule in rules:
        low, high = rule["port_range_min"], rule["port_range_max"]
        if (low, high) == (1, 65535):
            low = high = None
        remote = rule["remote_ip_prefix"]
        if remote in ("0.0.0.0/0", "::/0"):
            remote = None
        group = rule["remote_group_id"] or rule.get("remote_address_group_id")
        protocol = rule["protocol"]
        protocol = None if protocol is None else PROTOCOLS.get(str(protocol), str(protocol))
        if rule["ethertype"] == "IPv6" and protocol in ICMP_V6:
            protocol = "icmp"
        result.append(
            (
                rule["id"],
                Rule(rule["direction"], rule["ethertype"], protocol, low, high, remote, group),
            )
        )
    return tuple(result)


def _routes(routes: Iterable[Mapping[str, str]] | None) -> tuple[Route, ...]:
    return tuple(sorted(Route(route["destination"], route["nexthop"]) for route in routes or ()))
