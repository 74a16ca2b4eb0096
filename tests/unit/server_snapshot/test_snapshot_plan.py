"""The planner: what is asked for is reached in one run, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from server_snapshot.model import ACTIVE, BROKEN, PASSING, PENDING, Image, Server, Wanted, marks
from server_snapshot.plan import REBUILDS, TAKES, make_plan

WEB = Server("s-web", "web", image_id="base")
BASE = Image("base", "debian-13", owned=False)


def wanted(name="web@1", **options):
    return Wanted(**{"server": "web", "name": name, **options})


def snapshot(name="web@1", hour=1, server="web", topology="", **fields):
    defaults = {
        "id": f"i-{name}",
        "created_at": f"2026-03-01T{hour:02}:00:00Z",
        "server_id": f"s-{server}",
        "properties": marks(server, topology, name),
    }
    return Image(name=name, **{**defaults, **fields})


def plan(asked, *images, servers=(WEB,)):
    made = make_plan(asked, servers, (BASE, *images))
    assert made.problems == ()
    return made


def steps(made):
    """Return the plan in words, waits included."""
    return [a.line if a.shown else f"wait {a.kind} {a.name}" for a in made.actions]


def problem(asked, *images, servers=(WEB,)):
    made = make_plan(asked, servers, (BASE, *images))
    assert made.actions == ()
    (sentence,) = made.problems
    return sentence


# ---- present


def test_a_missing_snapshot_is_taken():
    made = plan(wanted())
    assert steps(made) == ["+ snapshot web@1"]
    assert (made.server, made.snapshot) == (WEB, None)
    assert made.actions[0].server_id == WEB.id


def test_a_complete_snapshot_stays_whatever_the_server_does():
    taken = snapshot()
    made = plan(wanted(), taken, servers=(replace(WEB, status="RESCUE", image_id="other"),))
    assert (steps(made), made.snapshot) == ([], taken)


@pytest.mark.parametrize("status", sorted(PENDING))
def test_a_snapshot_still_being_saved_is_waited_for(status):
    made = plan(wanted(), snapshot(status=status))
    assert steps(made) == ["wait snapshot web@1"]
    assert (made.actions[0].server_id, made.actions[0].image_id) == ("s-web", "i-web@1")
    assert made.shown == ()


@pytest.mark.parametrize("status", sorted(BROKEN))
def test_a_failed_snapshot_is_replaced(status):
    made = plan(wanted(), snapshot(status=status))
    assert steps(made) == [f"- snapshot web@1 ({status})", "+ snapshot web@1"]
    assert made.snapshot is None


def test_a_failed_snapshot_beside_a_complete_one_is_deleted():
    made = plan(wanted(), snapshot(status="killed", id="failed"), snapshot())
    assert steps(made) == ["- snapshot web@1 (killed)"]
    assert made.actions[0].image_id == "failed"


def test_nova_is_waited_for_before_a_snapshot():
    assert steps(plan(wanted(), servers=(replace(WEB, task="image_uploading"),))) == [
        "wait server web",
        "+ snapshot web@1",
    ]


@pytest.mark.parametrize("status", sorted(PASSING))
def test_what_passes_is_waited_for_before_a_snapshot(status):
    servers = (replace(WEB, status=status),)
    assert steps(plan(wanted(), servers=servers)) == ["wait server web", "+ snapshot web@1"]


def test_a_server_is_known_by_its_id_and_its_snapshots_by_its_name():
    taken = snapshot()
    assert plan(wanted(server="s-web"), taken).snapshot == taken


def test_an_id_counts_more_than_a_name():
    odd = Server("s-odd", "s-web", image_id="base")
    assert plan(wanted(server="s-web"), servers=(odd, WEB)).server == WEB


def test_a_topology_tells_two_servers_of_one_name_apart():
    mine, other = snapshot(topology="demo"), snapshot(id="other")
    servers = (WEB, replace(WEB, id="s-other", owned=False))
    assert plan(wanted(topology="demo"), mine, other, servers=servers).snapshot == mine


def test_a_snapshot_of_another_living_server_of_the_name_is_not_this_ones():
    other = replace(WEB, id="s-2")
    mine, theirs = snapshot("web@1", 1), snapshot("gold", 2, server_id="s-2")
    servers = (WEB, other)
    asked = wanted(server="s-web", name="web@2", keep=1)
    assert steps(plan(asked, mine, theirs, servers=servers)) == ["+ snapshot web@2", "- snapshot web@1"]
    assert problem(wanted(server="s-web", name="gold", state="restored"), theirs, servers=servers) == (
        "name: 'gold' is a snapshot of another server 'web' (s-2); give server the id s-2"
    )
    assert problem(wanted(server="s-web", name="gold"), theirs, servers=servers) == (
        "name: 'gold' is taken by a snapshot of another server 'web' (s-2); choose another name"
    )
    assert steps(plan(wanted(server="s-web", name="gold", state="absent"), theirs, servers=servers)) == []
    # Of a predecessor that is gone they are.
    assert steps(plan(asked, mine, theirs)) == ["+ snapshot web@2", "- snapshot web@1", "- snapshot gold"]


def test_snapshots_of_one_name_of_two_servers_of_one_name_are_not_deleted_at_once():
    two = snapshot(id="i1"), snapshot(id="i2", server_id="s-2")
    assert problem(wanted(state="absent"), *two, servers=(WEB, replace(WEB, id="s-2"))) == (
        "server: 'web' is the name of 2 servers; give one's id instead: s-2, s-web"
    )


TAKEN = {
    "by a plain image": (
        Image("i1", "web@1"),
        "name: 'web@1' is taken by image i1, which is not a snapshot of this module's; choose another name",
    ),
    "by an image of another project": (
        snapshot(id="i1", owned=False),
        "name: 'web@1' is taken by image i1, which is not a snapshot of this module's; choose another name",
    ),
    "by another server": (
        snapshot(server="db"),
        "name: 'web@1' is taken by a snapshot of server 'db' taken without a topology; choose another name",
    ),
    "by another topology": (
        snapshot(topology="demo"),
        "name: 'web@1' is taken by a snapshot of server 'web' of topology 'demo'; choose another name",
    ),
    "by an image that inherited the marks": (
        Image("i1", "web@1", properties=marks("web", "", "web@0")),
        "name: 'web@1' is taken by image i1, which is not a snapshot of this module's; choose another name",
    ),
}


@pytest.mark.parametrize("how", TAKEN)
def test_a_name_that_is_taken_is_refused(how):
    image, sentence = TAKEN[how]
    assert problem(wanted(), image) == sentence


def test_a_failed_image_does_not_free_a_taken_name():
    assert "is taken by image i1" in problem(wanted(), snapshot(status="killed"), Image("i1", "web@1"))


@pytest.mark.parametrize("state", ["present", "restored"])
def test_two_snapshots_of_one_name_are_refused(state):
    assert problem(wanted(state=state), snapshot(id="i2"), snapshot(id="i1")) == (
        "name: 'web@1' is the name of 2 snapshots of this server; delete all but one of the images i1, i2"
    )


@pytest.mark.parametrize("state", ["present", "restored"])
def test_a_deactivated_snapshot_is_refused(state):
    assert problem(wanted(state=state), snapshot(status="deactivated")) == (
        "name: 'web@1' is a snapshot that is deactivated; have an administrator reactivate image i-web@1, "
        "or choose another name"
    )


@pytest.mark.parametrize("status", TAKES)
def test_nova_takes_snapshots_in_these_states(status):
    assert steps(plan(wanted(), servers=(replace(WEB, status=status),))) == ["+ snapshot web@1"]


@pytest.mark.parametrize("status", ["ERROR", "BUILD", "RESIZE", "VERIFY_RESIZE", "SHELVED_OFFLOADED"])
def test_nova_takes_none_in_other_states(status):
    assert problem(wanted(), servers=(replace(WEB, status=status),)) == (
        f"server: 'web' is {status}, and nova takes snapshots of servers that are ACTIVE, SHUTOFF, PAUSED or "
        f"SUSPENDED; bring it into one of these states first"
    )


def test_a_server_on_a_volume_has_no_snapshot():
    assert problem(wanted(), servers=(replace(WEB, image_id=""),)) == (
        "server: 'web' boots from a volume, and an image of it would be empty; snapshot the volume instead, "
        "with openstack.cloud.volume_snapshot"
    )


# ---- the server


@pytest.mark.parametrize("state", ["present", "restored"])
def test_an_unknown_server_is_refused_with_those_there_are(state):
    servers = (WEB, Server("s-db", "db"))
    assert problem(wanted(server="wbe", state=state), servers=servers) == (
        "server: 'wbe' is not a server of the project; there are: db, web"
    )
    assert problem(wanted(state=state), servers=()) == (
        "server: 'web' is not a server of the project; there are: none"
    )


def test_a_server_of_another_owner_is_unknown():
    servers = (replace(WEB, owned=False), Server("s-db", "db"))
    assert problem(wanted(topology="demo"), servers=servers) == (
        "server: 'web' is not a server of topology 'demo'; there are: db"
    )


def test_two_servers_of_one_name_are_refused():
    assert problem(wanted(), servers=(WEB, replace(WEB, id="s-2"))) == (
        "server: 'web' is the name of 2 servers; give one's id instead: s-2, s-web"
    )


@pytest.mark.parametrize("state", ["present", "restored"])
@pytest.mark.parametrize("task", ["deleting", "soft-deleting"])
def test_a_server_being_deleted_is_refused(state, task):
    assert problem(wanted(state=state), snapshot(), servers=(replace(WEB, task=task),)) == (
        "server: 'web' is being deleted; name a server that stays"
    )


# ---- keep


def test_the_oldest_beyond_the_newest_go_once_the_new_one_is_there():
    olds = [snapshot(f"web@{n}", hour=n) for n in (3, 1, 2)]
    assert steps(plan(wanted("web@4", keep=2), *olds)) == [
        "+ snapshot web@4",
        "- snapshot web@1",
        "- snapshot web@2",
    ]


def test_without_keep_all_stay():
    assert steps(plan(wanted("web@4"), *(snapshot(f"web@{n}", hour=n) for n in range(4)))) == [
        "+ snapshot web@4"
    ]


def test_keep_holds_for_a_snapshot_that_is_there_too():
    olds = [snapshot(f"web@{n}", hour=n) for n in (1, 2, 3)]
    assert steps(plan(wanted("web@3", keep=2), *olds)) == ["- snapshot web@1"]


@pytest.mark.parametrize("name", ["web@1", "web@2"])
def test_where_an_older_one_is_named_nothing_is_taken_and_all_stay(name):
    olds = [snapshot(f"web@{n}", hour=n) for n in (1, 2, 3)]
    assert steps(plan(wanted(name, keep=1), *olds)) == []


def test_one_being_saved_may_be_the_newest():
    images = (snapshot("web@1", hour=1), snapshot("web@2", hour=2, status="saving"))
    assert steps(plan(wanted("web@2", keep=1), *images)) == ["wait snapshot web@2", "- snapshot web@1"]


@pytest.mark.parametrize("status", sorted(PENDING))
def test_one_being_saved_that_is_not_the_newest_leaves_all(status):
    images = (snapshot("web@1", 1), snapshot("web@2", 2, status=status), snapshot("web@3", 3))
    assert steps(plan(wanted("web@2", keep=1), *images)) == ["wait snapshot web@2"]


STAYING = {
    "of another server": (snapshot("old", server="db"), (WEB,)),
    "of another topology": (snapshot("old", topology="demo"), (WEB,)),
    "of another project": (snapshot("old", owned=False), (WEB,)),
    "renamed": (replace(snapshot("old"), name="kept by hand"), (WEB,)),
    "an image of a restored server": (Image("i", "mine", properties=marks("web", "", "old")), (WEB,)),
    "protected": (snapshot("old", protected=True), (WEB,)),
    "under the server itself": (snapshot("old"), (replace(WEB, image_id="i-old"),)),
    "under another server": (snapshot("old"), (WEB, Server("s-db", "db", owned=False, image_id="i-old"))),
    "still being saved": (snapshot("old", status="saving"), (WEB,)),
    "failed": (snapshot("old", status="killed"), (WEB,)),
}


@pytest.mark.parametrize("what", STAYING)
def test_the_rotation_leaves_alone(what):
    image, servers = STAYING[what]
    assert steps(plan(wanted(keep=1), image, servers=servers)) == ["+ snapshot web@1"]


# ---- restored


def test_a_server_is_rebuilt_from_its_snapshot():
    made = plan(wanted(state="restored"), snapshot())
    assert steps(made) == ["~ server web (rebuilt from web@1)"]
    assert (made.actions[0].server_id, made.actions[0].image_id) == ("s-web", "i-web@1")
    assert made.actions[0].change() == {
        "action": "update",
        "kind": "server",
        "name": "web",
        "details": ["rebuilt from web@1"],
    }
    assert made.warnings == ()


RESTORED = replace(WEB, image_id="i-web@1")


def test_a_server_that_runs_from_the_snapshot_stays():
    made = plan(wanted(state="restored"), snapshot(), servers=(RESTORED,))
    assert (steps(made), made.snapshot) == ([], snapshot())


def test_force_rebuilds_it_again():
    made = plan(wanted(state="restored", force=True), snapshot(), servers=(RESTORED,))
    assert steps(made) == ["~ server web (rebuilt from web@1)"]


def test_force_means_nothing_to_a_snapshot_taken():
    assert steps(plan(wanted(force=True), snapshot(), servers=(RESTORED,))) == []


def test_keep_means_nothing_to_a_restoration():
    images = (snapshot(hour=1), snapshot("web@2", hour=2))
    assert steps(plan(wanted(state="restored", keep=1), *images)) == ["~ server web (rebuilt from web@1)"]


def test_a_failed_rebuild_is_repeated():
    servers = (replace(RESTORED, status="ERROR"),)
    assert steps(plan(wanted(state="restored"), snapshot(), servers=servers)) == [
        "~ server web (rebuilt from web@1)"
    ]


def test_a_rebuild_under_way_is_waited_for():
    servers = (replace(RESTORED, status="REBUILD", task="rebuilding"),)
    assert steps(plan(wanted(state="restored"), snapshot(), servers=servers)) == ["wait server web"]


@pytest.mark.parametrize("status", sorted(PASSING))
def test_what_passes_is_waited_for_before_a_rebuild(status):
    servers = (replace(WEB, status=status),)
    assert steps(plan(wanted(state="restored"), snapshot(), servers=servers)) == [
        "wait server web",
        "~ server web (rebuilt from web@1)",
    ]


@pytest.mark.parametrize("task", ["image_uploading", ""])
def test_a_snapshot_being_saved_is_complete_before_the_server_is_rebuilt(task):
    servers = (replace(WEB, task=task),)
    assert steps(plan(wanted(state="restored"), snapshot(status="saving"), servers=servers)) == [
        "wait snapshot web@1",
        "wait server web",
        "~ server web (rebuilt from web@1)",
    ]


def test_a_server_made_anew_gets_its_predecessors_snapshot_with_a_warning():
    made = plan(wanted(state="restored"), snapshot(server_id="s-dead"))
    assert steps(made) == ["~ server web (rebuilt from web@1)"]
    assert made.warnings == (
        "snapshot web@1 was taken of another server named web (s-dead): cloud-init takes the restored one "
        "for new, so it runs the user data again and the SSH host keys are others; remove the lines of s-web "
        "from known_hosts",
    )


def test_a_missing_snapshot_is_refused_with_those_there_are():
    images = (snapshot("b"), snapshot("a"), snapshot("c", status="saving"), snapshot("d", server="db"))
    assert problem(wanted(state="restored"), *images) == (
        "name: 'web@1' is not a snapshot of server 'web'; there are: a, b"
    )
    assert problem(wanted(state="restored")).endswith("; there are: none")


def test_a_snapshot_of_another_owner_is_refused_with_the_remedy():
    assert problem(wanted(state="restored"), snapshot(topology="demo")) == (
        "name: 'web@1' is a snapshot of server 'web' of topology 'demo'; set topology accordingly"
    )
    assert problem(wanted(state="restored", topology="demo"), snapshot()) == (
        "name: 'web@1' is a snapshot of server 'web' taken without a topology; set topology accordingly"
    )


def test_a_failed_snapshot_cannot_be_restored():
    assert problem(wanted(state="restored"), snapshot(status="killed")) == (
        "name: 'web@1' is a snapshot that failed (killed); take it again with state: present, or choose "
        "another one"
    )


@pytest.mark.parametrize("image", [Image("i", "web@1"), snapshot(server="db")], ids=["plain", "another's"])
def test_another_image_of_the_name_is_not_restored(image):
    assert problem(wanted(state="restored"), image) == (
        "name: 'web@1' is not a snapshot of server 'web'; there are: none"
    )


@pytest.mark.parametrize("status", REBUILDS)
def test_nova_rebuilds_in_these_states(status):
    servers = (replace(WEB, status=status),)
    assert steps(plan(wanted(state="restored"), snapshot(), servers=servers)) == [
        "~ server web (rebuilt from web@1)"
    ]


@pytest.mark.parametrize("status", ["PAUSED", "SUSPENDED", "BUILD", "VERIFY_RESIZE"])
def test_nova_rebuilds_in_no_other_state(status):
    assert problem(wanted(state="restored"), snapshot(), servers=(replace(WEB, status=status),)) == (
        f"server: 'web' is {status}, and nova rebuilds servers that are ACTIVE, SHUTOFF or ERROR; bring it "
        f"into one of these states first"
    )


def test_a_server_on_a_volume_is_not_rebuilt():
    assert problem(wanted(state="restored"), snapshot(), servers=(replace(WEB, image_id=""),)) == (
        "server: 'web' boots from a volume, which a rebuild does not replace; restore the volume instead"
    )


# ---- absent


def test_a_snapshot_is_deleted():
    made = plan(wanted(state="absent"), snapshot(), snapshot("web@2"))
    assert steps(made) == ["- snapshot web@1"]
    assert made.actions[0].image_id == "i-web@1"
    assert made.warnings == ()


@pytest.mark.parametrize("status", [*sorted(PENDING), *sorted(BROKEN), "deactivated"])
def test_so_is_one_in_any_other_state(status):
    assert steps(plan(wanted(state="absent"), snapshot(status=status))) == ["- snapshot web@1"]


def test_all_of_the_name_are_deleted():
    made = plan(wanted(state="absent"), snapshot(id="i1"), snapshot(id="i2"))
    assert [action.image_id for action in made.actions] == ["i1", "i2"]


@pytest.mark.parametrize(
    "image",
    [Image("i", "web@1"), snapshot(server="db"), snapshot(topology="demo"), snapshot(owned=False)],
    ids=["plain", "another server's", "another topology's", "another project's"],
)
def test_nothing_else_of_the_name_is(image):
    assert steps(plan(wanted(state="absent"), image)) == []


def test_the_server_may_be_gone():
    made = plan(wanted(state="absent"), snapshot(), servers=())
    assert (steps(made), made.server) == (["- snapshot web@1"], None)


def test_the_server_may_be_there_twice():
    servers = (WEB, replace(WEB, id="s-2"))
    assert steps(plan(wanted(state="absent"), snapshot(), servers=servers)) == ["- snapshot web@1"]


def test_servers_that_run_from_a_deleted_snapshot_are_named():
    servers = (WEB, Server("s-db", "db", owned=False, image_id="i-web@1"))
    made = plan(wanted(state="absent"), snapshot(), servers=servers)
    assert steps(made) == ["- snapshot web@1"]
    assert made.warnings == (
        "snapshot web@1: server db runs from it and goes on, but nova can rebuild it only from another "
        "image, and perhaps not move it to another host",
    )


def test_a_protected_snapshot_is_refused():
    assert problem(wanted(state="absent"), snapshot(protected=True)) == (
        "name: 'web@1' is protected against deletion; lift that with `openstack image set --unprotected "
        "i-web@1`"
    )


# ---- properties

NAMES = ("a", "b", "c", "d")
OWNERS = ("", "demo")
STATES = ("present", "restored", "absent")
FEW = st.integers(1, 3)
ANY_OR_FEW = st.none() | FEW


@st.composite
def clouds(draw):
    """Draw servers, the first one called web, and images with marks that are right, inherited or missing."""

    def rarely(value, otherwise):
        return value if draw(st.integers(0, 9)) == 9 else otherwise

    def image(number):
        name = draw(st.sampled_from(NAMES))
        marked = draw(st.sampled_from(["web", "web", "db"])), draw(st.sampled_from(OWNERS))
        return Image(
            f"i{number}",
            name,
            status=draw(st.sampled_from([*[ACTIVE] * 6, "saving", "killed", "deactivated"])),
            owned=rarely(False, True),
            server_id=draw(st.sampled_from(["", "s0", "gone"])),
            created_at=str(draw(st.integers(0, 5))),
            protected=rarely(True, False),
            properties=rarely({}, marks(*marked, rarely("another", name))),
        )

    images = [image(number) for number in range(draw(st.integers(0, 8)))]
    # Nobody runs from an image that is not complete.
    image_ids = st.sampled_from(["base", *(image.id for image in images if image.status == ACTIVE)])
    web = Server(
        "s0",
        "web",
        status=draw(st.sampled_from([*TAKES, "ERROR", *sorted(PASSING)])),
        task=rarely("image_uploading", ""),
        image_id=rarely("", draw(image_ids)),
    )
    others = [
        Server(id_, rarely("web", "db"), owned=draw(st.booleans()), image_id=draw(image_ids))
        for id_ in draw(st.sampled_from([(), ("s1",), ("s1", "s2")]))
    ]
    return [web, *others], images


def wishes(*states, keep=ANY_OR_FEW):
    """Return anything that can be asked for in one of the states."""
    return st.builds(
        Wanted,
        server=st.sampled_from(["web", "s0"]),
        name=st.sampled_from(NAMES),
        topology=st.sampled_from(OWNERS),
        state=st.sampled_from(states or STATES),
        keep=keep,
    )


def applied(asked, made, servers, images):
    """Return the servers and images as they are once the plan is carried out."""
    by_server = {server.id: server for server in servers}
    by_image = {image.id: image for image in images}
    for action in made.actions:
        match action.verb, action.kind:
            case "create", "snapshot":
                server = by_server[action.server_id]
                assert server.task == ""
                assert server.status in TAKES
                properties = marks(server.name, asked.topology, action.name)
                by_image["new"] = Image(
                    "new", action.name, server_id=server.id, created_at="9", properties=properties
                )
            case "delete", "snapshot":
                del by_image[action.image_id]
            case "wait", "snapshot":
                by_image[action.image_id] = replace(by_image[action.image_id], status=ACTIVE)
            case "wait", "server":
                server = by_server[action.server_id]
                status = "ACTIVE" if server.status in PASSING else server.status
                by_server[server.id] = replace(server, task="", status=status)
            case "update", "server":
                server = by_server[action.server_id]
                assert (server.task, by_image[action.image_id].status) == ("", ACTIVE)
                status = "SHUTOFF" if server.status == "SHUTOFF" else "ACTIVE"
                by_server[server.id] = replace(server, image_id=action.image_id, status=status)
    return list(by_server.values()), list(by_image.values())


@given(wishes(), clouds())
def test_after_a_run_there_is_nothing_left_to_do(asked, cloud):
    made = make_plan(asked, *cloud)
    assume(not made.problems)
    again = make_plan(asked, *applied(asked, made, *cloud))
    assert (again.actions, again.problems) == ((), ())
    if asked.state == "absent":
        assert again.snapshot is None
        return
    assert again.server and again.snapshot
    assert (again.snapshot.name, again.snapshot.status) == (asked.name, ACTIVE)
    if asked.state == "restored":
        assert again.server.image_id == again.snapshot.id


def removed(made, images):
    """Return the images that a plan deletes."""
    ids = {action.image_id for action in made.actions if action.verb == "delete"}
    return [image for image in images if image.id in ids]


@given(wishes(), clouds())
def test_nothing_but_snapshots_of_the_server_is_deleted(asked, cloud):
    made = make_plan(asked, *cloud)
    assert {image.source for image in removed(made, cloud[1])} <= {("web", asked.topology)}


@given(wishes("present", keep=FEW), clouds())
def test_the_rotation_deletes_nothing_that_is_needed_or_among_the_newest(asked, cloud):
    servers, images = cloud
    made = make_plan(asked, servers, images)
    assume(not made.problems)
    old = [image for image in removed(made, images) if image.name != asked.name]
    own = [
        image
        for image in applied(asked, made, *cloud)[1]
        if image.source == ("web", asked.topology) and image.status == ACTIVE
    ]
    in_use = {server.image_id for server in servers}
    for image in old:
        assert image.id not in in_use
        assert not image.protected
        newer = [other for other in own if other.created_at >= image.created_at]
        assert len(newer) >= asked.keep


@given(wishes("present", keep=FEW), clouds())
def test_the_rotation_leaves_only_the_newest_and_what_is_needed(asked, cloud):
    made = make_plan(asked, *cloud)
    assume(not made.problems)
    servers, images = applied(asked, made, *cloud)
    in_use = {server.image_id for server in servers}
    own = [i for i in images if i.source == ("web", asked.topology) and i.status == ACTIVE]
    own.sort(key=lambda image: (image.created_at, image.id), reverse=True)
    assume(own[0].name == asked.name)
    for image in own[asked.keep :]:
        assert image.id in in_use or image.protected or image.name == asked.name


@given(wishes("restored"), clouds())
def test_a_restoration_deletes_nothing(asked, cloud):
    assert removed(make_plan(asked, *cloud), cloud[1]) == []


@given(wishes(), clouds(), st.randoms())
def test_the_order_of_the_answers_does_not_matter(asked, cloud, random):
    servers, images = cloud
    shuffled = random.sample(servers, len(servers)), random.sample(images, len(images))
    one, other = make_plan(asked, servers, images), make_plan(asked, *shuffled)
    assert sorted(map(repr, one.actions)) == sorted(map(repr, other.actions))
    assert bool(one.problems) == bool(other.problems)


@given(wishes("restored"), clouds())
def test_forced_a_server_is_rebuilt_unless_that_is_refused(asked, cloud):
    made = make_plan(replace(asked, force=True), *cloud)
    assert bool(made.problems) != any(action.kind == "server" for action in made.shown)
