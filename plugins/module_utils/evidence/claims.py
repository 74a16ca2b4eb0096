"""The report's claims, in the project's words, by their identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A statement of the report and the section that makes it."""

    section: str
    statement: str


CLAIMS: Mapping[str, Claim] = {
    "C01": Claim(
        "1.1",
        "A virtual machine runs its own kernel over a hypervisor; a container shares the kernel of its host.",
    ),
    "C02": Claim("1.1", "Containers take less CPU and memory than virtual machines."),
    "C03": Claim(
        "1.1", "Containers share binaries and libraries, so that one more application costs little."
    ),
    "C04": Claim("1.1", "With less overhead, a service in a container starts and answers sooner."),
    "C05": Claim(
        "1.1",
        "The crash of a virtual machine takes down that machine alone, while "
        "containers depend on one operating system.",
    ),
    "C06": Claim(
        "1.2",
        "An LXC container is a whole system with an init process and several services; "
        "a Docker container runs one application.",
    ),
    "C07": Claim(
        "1.2",
        "A Docker image is a stack of read-only layers under one writable "
        "layer; lasting data lives in volumes of the host.",
    ),
    "C08": Claim("1.2", "A LAMP application is one LXC container, but three Docker containers."),
    "C09": Claim("1.2", "Layered storage may cost performance."),
    "C10": Claim("1.3", "Type 1 and type 2 hypervisors differ in what lies beneath them."),
    "C11": Claim(
        "2.1",
        "The virtual machine has the address 10.0.2.15 in the NAT network 10.0.2.0/24; "
        "the host has 192.168.56.1 in the network of its virtual machines.",
    ),
    "C12": Claim("2.2", "The virtual machine reaches the internet."),
    "C13": Claim("2.2", "The virtual machine reaches its host."),
    "C14": Claim("2.2", "A neighbour of the host cannot reach the virtual machine."),
    "C15": Claim("2.2", "The host cannot reach the virtual machine at 10.0.2.15."),
    "C16": Claim(
        "2.3",
        "A port forward from 192.168.56.1:1234 to 10.0.2.15:22 makes SSH to the virtual machine work.",
    ),
    "C17": Claim(
        "2.4",
        "A virtual machine cannot run from a copy of another one's disk, "
        "since the copy has the same identifier.",
    ),
    "C18": Claim("2.4", "A disk duplicated with clonemedium serves a second virtual machine."),
    "C19": Claim("2.5", "The container has the address 172.17.0.2 in 172.17.0.0/16."),
    "C20": Claim(
        "2.5",
        "The container reaches the internet, and the container and its host "
        "reach each other, without any route added.",
    ),
    "C21": Claim("2.5", "A snapshot keeps installed software: a container started from it still has nano."),
    "C22": Claim(
        "3.1", "Deploying a virtual machine directly on the INSA network is refused for lack of rights."
    ),
    "C23": Claim("3.1", "On a private network 10.0.2.0/24 the virtual machine gets its address by DHCP."),
    "C24": Claim(
        "3.2",
        "A router with 10.0.2.254 in the private network and an address in the INSA network "
        "lets the virtual machine reach the internet.",
    ),
    "C25": Claim("3.2", "Without a floating IP the virtual machine cannot be reached from outside."),
    "C26": Claim("3.2", "With a floating IP the virtual machine can be reached from outside."),
    "C27": Claim(
        "3.3",
        "Resizing works on a stopped and on a running virtual machine; the running one reboots.",
    ),
    "C28": Claim(
        "3.3",
        "A snapshot keeps the hardware and software configuration, makes new "
        "virtual machines and restores the old one.",
    ),
    "C29": Claim("3.4", "Of the calculator's five virtual machines only the frontend has a floating IP."),
    "C30": Claim("3.4", "The frontend's configuration names the addresses that DHCP gave to the services."),
    "C31": Claim(
        "3.4",
        "A REST request from outside to the floating IP of the frontend "
        "returns the result of the calculation.",
    ),
    "C32": Claim(
        "3.5",
        "Two routers make the topology: the public gateway between the INSA network and the client network "
        "(192.168.56.254), and a second one between the client network (192.168.56.253) "
        "and the services' network (10.0.2.254).",
    ),
    "C33": Claim(
        "3.5",
        "Without a route on the frontend the service does not work: packets "
        "for the services go to the public gateway.",
    ),
    "C34": Claim(
        "3.5",
        "With the route 10.0.2.0/24 via 192.168.56.253 on the frontend, a request from outside "
        "to its floating IP returns the result.",
    ),
}
