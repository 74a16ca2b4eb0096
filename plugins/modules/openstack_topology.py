#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reconcile one topology on OpenStack."""

from __future__ import annotations

DOCUMENTATION = """
---
module: openstack_topology
short_description: Make a whole OpenStack topology as declared, in one call
description:
  - Takes networks, subnets, routers, security groups, a keypair, servers and floating IPs, compares them
    with what the project has, and carries out the difference. Independent steps run at the same time.
  - Every resource is found by its owner's tag, C(topology:<name>), and its name. There is no state file,
    and nothing without the tag is ever changed, also when it has the same name.
  - The tag of a network resource can only be put after its creation, so its description names the owner as
    well (C([topology:<name>])). What an interrupted run has left without a tag is found by that and tagged
    by the next run. To take a resource away from its topology remove both.
  - A keypair has no tag and belongs to the user, not to the project. Its name in the cloud is C(topology
    <name> <keypair>). Two projects of one user should not use one topology name with different keypairs.
  - A floating IP's description names its server, so that a server made anew gets its address back.
  - Repairs subnets' attributes, routers' gateways, interfaces and routes, groups' rules and descriptions,
    the keypair, the ports' groups, missing interfaces and metadata of servers and the association of
    floating IPs. A rule's description is set only when the rule is made. A server in ERROR, or one that is
    being deleted, is replaced; its ports and addresses stay.
  - Resizes a server to the declared flavor. One that runs reboots, one that is stopped stays stopped. The
    resize is confirmed at once, and reverted if that cannot be done. One that an interrupted run has left is
    confirmed if it leads to the declared flavor, and reverted if it leads to another. Nova resizes servers
    that are ACTIVE or SHUTOFF, and makes no disk smaller; what it would refuse of that is a problem before
    anything is changed.
  - Neutron changes no interface or gateway of a router while floating IPs come through it. Those of declared
    servers are taken from their ports before that and given back afterwards, if they are still declared. Any
    other one is a problem, that of a server which is no longer declared included. A removal leaves an address
    that is not the topology's alone; its port goes, and with that the association.
  - Starts and stops servers as declared by O(servers[].running); what is resized too is stopped before that
    and started after it. A server that nova can neither start nor stop, such as one that is paused, is left
    as it is and reported in RV(warnings).
  - Does not change a server's image, user data or the address of a port in use; the first and the last are
    reported in RV(warnings), and so is an image that the cloud does not have. A server made
    anew from a snapshot has the image that the snapshot comes from. Resources of the
    topology that are no longer declared are left alone and reported in RV(unmanaged).
  - Before anything is changed, the whole input is checked, against the cloud as well, the project's quotas
    included. All problems are reported at once.
  - An interrupted run leaves nothing that the next run does not find. So does a failed one; it stops at the
    first failure, after the steps under way.
options:
  cloud:
    description: Entry of clouds.yaml with the credentials.
    type: str
    required: true
  name:
    description:
      - The owner; every resource carries the tag C(topology:<name>). Letters, digits, V(-) and V(_), at
        most 50.
    type: str
    required: true
  state:
    description:
      - V(present) creates and repairs, V(absent) removes everything that carries the owner's tag, whatever
        else is declared.
    type: str
    choices: [present, absent]
    default: present
  networks:
    description: Networks to have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the network.
        type: str
        required: true
      subnets:
        description: Subnets of the network.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the subnet, unique in the topology. The network's name if omitted.
            type: str
          cidr:
            description: IPv4 range, for instance V(192.168.56.0/24).
            type: str
            required: true
          gateway_ip:
            description:
              - Address that DHCP hands out as the default router; the first of the range if omitted, as
                neutron chooses it.
              - V(none) for a subnet without one.
            type: str
          dhcp:
            description: Whether neutron answers DHCP in the subnet.
            type: bool
            default: true
          dns_nameservers:
            description: Addresses of name servers, in order, handed out by DHCP.
            type: list
            elements: str
            default: []
          allocation_pools:
            description: Ranges from which automatic addresses come. Every address but the gateway's if
              omitted.
            type: list
            elements: dict
            default: []
            suboptions:
              start:
                description: First address.
                type: str
                required: true
              end:
                description: Last address.
                type: str
                required: true
          host_routes:
            description:
              - Static routes handed out by DHCP. Clients then ignore the default router (RFC 3442), so name
                the default route too unless the cloud adds it.
            type: list
            elements: dict
            default: []
            suboptions:
              destination:
                description: IPv4 range.
                type: str
                required: true
              nexthop:
                description: Address in the subnet.
                type: str
                required: true
  routers:
    description: Routers to have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the router.
        type: str
        required: true
      external_network:
        description: Name or id of the external network for the router's gateway. No gateway if omitted.
        type: str
      interfaces:
        description: The router's interfaces. Others are removed from it.
        type: list
        elements: dict
        default: []
        suboptions:
          subnet:
            description: Subnet, declared here or existing.
            type: str
            required: true
          address:
            description: Address in the subnet. The subnet's gateway address if omitted.
            type: str
      routes:
        description: Static routes of the router. Others are removed from it.
        type: list
        elements: dict
        default: []
        suboptions:
          destination:
            description: IPv4 range.
            type: str
            required: true
          nexthop:
            description: Address on a network that the router is connected to.
            type: str
            required: true
  security_groups:
    description: Security groups to have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the group. The one that neutron makes, V(default), needs no declaration.
        type: str
        required: true
      description:
        description: Description of the group.
        type: str
        default: ''
      rules:
        description:
          - Rules of the group. Other ingress rules are removed from it. Egress rules are compared only if
            at least one is declared; otherwise neutron's default, which allows all egress, stays as it is.
        type: list
        elements: dict
        default: []
        suboptions:
          direction:
            description: Direction of the traffic, as the server sees it.
            type: str
            choices: [ingress, egress]
            default: ingress
          ethertype:
            description: Protocol family.
            type: str
            choices: [IPv4, IPv6]
            default: IPv4
          protocol:
            description: Protocol.
            type: str
            choices: [tcp, udp, icmp, any]
            default: any
          ports:
            description: One port (V(22)) or a range (V(50001-50004)), for tcp and udp. Every port if omitted.
            type: str
          remote_cidr:
            description: Range of the other side. Anywhere if neither this nor
              O(security_groups[].rules[].remote_group) is given.
            type: str
          remote_group:
            description: Security group of the other side, declared here or existing.
            type: str
          description:
            description: Description of the rule.
            type: str
            default: ''
  keypair:
    description: SSH key for the servers made from now on.
    type: dict
    suboptions:
      name:
        description: Name of the keypair. Letters, digits, V(-) and V(_).
        type: str
        required: true
      public_key:
        description: Public key, the content of the .pub file.
        type: str
        required: true
  servers:
    description: Servers to have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the server.
        type: str
        required: true
      image:
        description: Name or id of the image.
        type: str
        required: true
      flavor:
        description: Name or id of the flavor. A server that has another one is resized.
        type: str
        required: true
      interfaces:
        description: Networks of the server, the first one is that of its floating IP.
        type: list
        elements: dict
        required: true
        suboptions:
          network:
            description: Network, declared here or existing.
            type: str
            required: true
          address:
            description: Address in the network. Chosen by neutron if omitted.
            type: str
      security_groups:
        description: Groups of all the server's ports, declared here or existing. The project's default
          group if empty.
        type: list
        elements: str
        default: []
      user_data:
        description: User data for cloud-init. Used when the server is made.
        type: str
      config_drive:
        description: Whether the server gets its metadata on a drive too. Used when the server is made.
        type: bool
        default: false
      metadata:
        description: Metadata of the server. Keys that are not named here stay as they are.
        type: dict
        default: {}
      floating_ip:
        description: Name or id of the external network to take a floating IP from. None if omitted.
        type: str
      running:
        description:
          - Whether the server runs. One that runs and shall not is shut down. Left as it is if omitted.
          - A new server that shall not run is stopped when it is ACTIVE, maybe before cloud-init is done.
        type: bool
  only:
    description:
      - Names of the servers to act on, with their ports and floating IPs; everything else stays as it is.
        What they need must exist. What is declared otherwise is named in RV(warnings).
    type: list
    elements: str
  timeout:
    description: Seconds for the servers to become ready, for a start or stop, for each stage of a resize, and
      for deleted servers to disappear.
    type: int
    default: 600
requirements:
  - openstacksdk
  - nova API microversion 2.52 or newer
attributes:
  check_mode:
    description: Returns the plan without changing anything.
    support: full
  diff_mode:
    description: Shows the plan with its details.
    support: full
author:
  - Cloud Lab maintainers
"""

EXAMPLES = """
- name: Deploy a frontend that is reachable from outside
  openstack_topology:
    cloud: campus
    name: demo
    networks:
      - name: client
        subnets:
          - cidr: 192.168.56.0/24
            gateway_ip: 192.168.56.254
    routers:
      - name: public_gateway
        external_network: insa
        interfaces:
          - subnet: client
    security_groups:
      - name: web
        rules:
          - protocol: tcp
            ports: 80
          - protocol: icmp
    servers:
      - name: frontend
        image: debian-13
        flavor: small
        interfaces:
          - network: client
        security_groups: [web]
        floating_ip: insa

- name: Remove all of it
  openstack_topology:
    cloud: campus
    name: demo
    state: absent
"""

RETURN = """
servers:
  description: The declared servers that exist, by name. In check mode those that existed before.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the server.
      type: str
    status:
      description: Nova's status of it.
      type: str
    addresses:
      description: Its fixed address in each network, by the network's name.
      type: dict
    address:
      description: The first of them.
      type: str
    floating_ip:
      description: Its floating IP, or null.
      type: str
    created:
      description: Whether this run has made it.
      type: bool
  sample:
    frontend:
      id: 0f0f3e0a-8a4f-4a6e-9f0f-1d3b6f8a2c11
      status: ACTIVE
      addresses: {client: 192.168.56.17}
      address: 192.168.56.17
      floating_ip: 192.168.37.104
      created: true
facts:
  description: Ids by name, under C(networks), C(subnets), C(routers) and C(security_groups).
  returned: success
  type: dict
changes:
  description: What was done, or in check mode would be; action (create, update, delete, tag), kind, name
    and details. A resize updates the kind flavor, a start or stop the kind power, under the server's name.
  returned: always once the plan is made
  type: list
  elements: dict
plan:
  description: The same, one line each.
  returned: always once the plan is made
  type: list
  elements: str
  sample: ['+ network client', '~ routes inner', '~ flavor frontend', '- floating_ip 192.168.37.104']
unmanaged:
  description: Resources with the owner's tag that are not declared.
  returned: success
  type: list
  elements: str
problems:
  description: Each problem of the input.
  returned: when the input is wrong
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.openstack_topology import model, report
from ansible.module_utils.openstack_topology.absent import plan_absent
from ansible.module_utils.openstack_topology.execute import Outcome, execute
from ansible.module_utils.openstack_topology.offer import resolve
from ansible.module_utils.openstack_topology.plan import Step
from ansible.module_utils.openstack_topology.present import plan_present

try:
    from ansible.module_utils.openstack_topology.cloud import WORKERS, Cloud, CloudError, connect
except ImportError as error:
    MISSING: str | None = str(error)
else:
    MISSING = None


def suboptions(**options: dict[str, Any]) -> dict[str, Any]:
    """Return the specification of a list of dictionaries."""
    return {"type": "list", "elements": "dict", "default": [], "options": options}


def text(**options: Any) -> dict[str, Any]:
    """Return the specification of a string."""
    return {"type": "str", **options}


REQUIRED = text(required=True)
STRINGS = {"type": "list", "elements": "str", "default": []}
ROUTES = suboptions(destination=REQUIRED, nexthop=REQUIRED)
ARGUMENTS: dict[str, Any] = {
    "cloud": REQUIRED,
    "name": REQUIRED,
    "state": text(choices=["present", "absent"], default="present"),
    "networks": suboptions(
        name=REQUIRED,
        subnets=suboptions(
            name=text(),
            cidr=REQUIRED,
            gateway_ip=text(),
            dhcp={"type": "bool", "default": True},
            dns_nameservers=STRINGS,
            allocation_pools=suboptions(start=REQUIRED, end=REQUIRED),
            host_routes=ROUTES,
        ),
    ),
    "routers": suboptions(
        name=REQUIRED,
        external_network=text(),
        interfaces=suboptions(subnet=REQUIRED, address=text()),
        routes=ROUTES,
    ),
    "security_groups": suboptions(
        name=REQUIRED,
        description=text(default=""),
        rules=suboptions(
            direction=text(choices=["ingress", "egress"], default="ingress"),
            ethertype=text(choices=["IPv4", "IPv6"], default="IPv4"),
            protocol=text(choices=["tcp", "udp", "icmp", "any"], default="any"),
            ports=text(),
            remote_cidr=text(),
            remote_group=text(),
            description=text(default=""),
        ),
    ),
    "keypair": {"type": "dict", "options": {"name": REQUIRED, "public_key": REQUIRED}},
    "servers": suboptions(
        name=REQUIRED,
        image=REQUIRED,
        flavor=REQUIRED,
        interfaces={
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {"network": REQUIRED, "address": text()},
        },
        security_groups=STRINGS,
        user_data=text(),
        config_drive={"type": "bool", "default": False},
        metadata={"type": "dict", "default": {}},
        floating_ip=text(),
        running={"type": "bool"},
    ),
    "only": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 600},
}


def failure(outcome: Outcome[Step]) -> str:
    """Return what went wrong, and how far the run has come."""
    reasons = "; ".join(
        f"{error}" if step.action == "wait" else f"{step.action} {step.kind} {step.name}: {error}"
        for step, error in outcome.failed
    )
    done = sum(step.shown for step in outcome.done)
    left = sum(step.shown for step in outcome.skipped)
    return f"{reasons} ({done} changes were made, {left} were not begun; run again to go on from here)"


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, plan and apply; return the module's result. Raises `InvalidInputError` and `CloudError`."""
    present = module.params["state"] == "present"
    desired = model.parse(module.params if present else {**module.params, **NOTHING})
    cloud = Cloud(connect(module.params["cloud"]), desired.name, module.params["timeout"])
    actual = cloud.read(desired.servers, all_servers=not present)
    plan = plan_present(desired, actual) if present else plan_absent(desired.name, desired.only, actual)
    cloud.found = dict(plan.found)
    problems = list(plan.problems)
    if any(step.action == "create" or step.kind == "flavor" for step in plan.steps):
        found, more = resolve(plan, cloud.offer())
        cloud.found |= found
        problems += more
    if problems:
        raise model.InvalidInputError(problems)
    result: dict[str, Any] = {
        "changed": bool(plan.shown),
        "changes": [step.change() for step in plan.shown],
        "plan": plan.lines,
        "unmanaged": list(plan.unmanaged),
        "diff": {"prepared": plan.text},
    }
    for warning in plan.warnings:
        module.warn(warning)
    created: set[str] = set()
    if not module.check_mode:
        outcome = execute(plan.steps, cloud.apply, WORKERS)
        if outcome.failed:
            done = [step for step in outcome.done if step.shown]
            result |= {"changed": bool(done), "changes": [step.change() for step in done]}
            module.fail_json(msg=failure(outcome), **result | {"plan": [step.line for step in done]})
        created = {step.name for step in outcome.done if (step.action, step.kind) == ("create", "server")}
    result["servers"] = report.servers(desired, cloud.found, created)
    result["facts"] = report.facts(cloud.found)
    return result


NOTHING: dict[str, Any] = {
    "networks": [],
    "routers": [],
    "security_groups": [],
    "keypair": None,
    "servers": [],
}
"""What a removal declares: it goes by the tag alone."""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if MISSING is not None:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=MISSING)
    try:
        module.exit_json(**run(module))
    except model.InvalidInputError as error:
        module.fail_json(msg="\n".join(error.problems), problems=list(error.problems))
    except CloudError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
