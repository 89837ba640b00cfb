"""Endpoints that write: groups, bindings and control; and the user searches."""

import pytest

from gizwits_async.simulator import Device, Fleet

NOW = 1_790_000_000


@pytest.fixture
def fleet() -> Fleet:
    return Fleet.generate(devices=40, days=10, seed=3, now=NOW)


# --- groups


def test_groups(serve, fleet):
    """There is one root with subgroups and MACs; only an empty group can be deleted."""
    caller, macs = serve(fleet), [device.mac for device in fleet.devices[:4]]
    assert caller.answer("GET", "/device_groups") == (200, {})
    status, made = caller.answer("POST", "/device_groups", {})
    assert status == 200
    root, path = made["gid"], f"/device_groups/{made['gid']}"
    assert caller.error("POST", "/device_groups") == 5203
    assert caller.error("POST", "/device_groups", {"parent_gid": "nothing"}) == 5202
    child = caller.answer("POST", "/device_groups", {"parent_gid": root})[1]["gid"]
    assert caller.answer("GET", "/device_groups")[1] == {root: {child: ""}}
    below = f"/device_groups/{child}"
    put = {"action": "assign", "macs": [*macs, "nobody"], "reassign": False}
    assert caller.answer("PUT", below, put)[1] == {"failed": ["nobody"], "success": macs}
    put = {"action": "assign", "macs": macs[:2], "reassign": False}
    assert caller.answer("PUT", path, put)[1] == {"failed": macs[:2], "success": []}
    assert caller.answer("PUT", path, {**put, "reassign": True})[1]["success"] == macs[:2]
    assert caller.answer("GET", below)[1] == {"macs": macs[2:]}
    found = caller.answer("GET", "/devices/search", gid=root, show_disabled=1)[1]["objects"]
    assert {row["mac"] for row in found} == set(macs)
    assert caller.error("DELETE", path) == 5204
    assert caller.error("DELETE", below) == 5205
    put = {"action": "unassign", "macs": [*macs[2:], macs[0]]}
    assert caller.answer("PUT", below, put)[1] == {"failed": [macs[0]], "success": macs[2:]}
    assert caller.answer("DELETE", below) == (200, {})
    assert caller.error("GET", below) == 5206
    other = caller.cloud.add_product("other", "secret", Fleet.of([], now=NOW))
    assert caller.error("GET", f"/device_groups/{other.groups.create(None)}") == 5201


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "move"},
        {"macs": []},
        {"macs": ["m"] * 1001},
        {"macs": "m"},
        {"macs": [1]},
        {"reassign": "yes"},
    ],
)
def test_bad_group_updates(serve, fleet, changes):
    """Unknown actions, and no, too many or malformed MACs are refused with 5002."""
    caller = serve(fleet)
    gid = caller.cloud.product.groups.create(None)
    body = {"action": "assign", "macs": ["m"], "reassign": False, **changes}
    assert caller.error("PUT", f"/device_groups/{gid}", body) == 5002


@pytest.mark.parametrize(
    ("children", "leaf", "shown"),
    [
        ("object", "text", lambda r, a, b: {r: {a: "", b: ""}}),
        ("object", "null", lambda r, a, b: {r: {a: None, b: None}}),
        ("list", "object", lambda r, a, b: {r: [{a: {}}, {b: {}}]}),
    ],
)
def test_forms_of_the_tree(serve, children, leaf, shown):
    """The nesting of the group tree follows the quirks."""
    caller = serve(group_children=children, group_leaf=leaf)
    groups = caller.cloud.product.groups
    root = groups.create(None)
    expected = shown(root, groups.create(root), groups.create(root))
    assert caller.answer("GET", "/device_groups")[1] == expected


def test_statuses_of_writes(serve):
    """Creating a group is 200 or 201, deleting it 200 or 204."""
    caller = serve(write_status=201, delete_status=204)
    status, made = caller.answer("POST", "/device_groups")
    assert status == 201
    assert caller.answer("DELETE", f"/device_groups/{made['gid']}") == (204, None)


# --- bindings and users


def test_bindings(serve, fleet):
    """Unknown users, apps and devices, and missing bindings, have different error codes."""
    caller = serve(fleet)
    people = caller.cloud.product.bindings
    user = next(iter(people.users.values()))
    dids = [d.did for d in fleet.devices if d.did not in people.dids_of(user.uid)][:2]
    body = {"uid": user.uid, "appid": user.appid, "dids": [*dids, "nowhere"]}
    path = "/devices/bindings"
    assert caller.answer("POST", path, body) == (200, {"failed": ["nowhere"], "success": dids})
    found = caller.answer("GET", "/users/search", type="did", val=dids[0])[1]["objects"]
    assert user.uid in {row["uid"] for row in found}
    assert [row["is_owner"] for row in found] == [True] + [False] * (len(found) - 1)
    text = {**body, "dids": ",".join(dids)}
    assert caller.answer("DELETE", path, text)[1] == {"failed": [], "success": dids}
    assert caller.error("DELETE", path, body) == 5303
    assert caller.error("POST", path, {**body, "appid": "other"}) == 5016
    assert caller.error("POST", path, {**body, "uid": "other"}) == 5017
    assert caller.error("POST", path, {**body, "dids": ["nowhere"]}) == 5301
    assert caller.error("POST", path, {**body, "dids": []}) == 5002
    caller.cloud.add_product("other", "secret", Fleet.of(["elsewhere"], now=NOW))
    assert caller.error("POST", path, {**body, "dids": ["elsewhere"]}) == 5302


@pytest.mark.parametrize(("dids", "other"), [("array", "a,b"), ("text", ["a"])])
def test_form_of_dids(serve, fleet, dids, other):
    """A server can accept `dids` only as an array, or only as a string."""
    caller = serve(fleet, dids=dids)
    user = next(iter(caller.cloud.product.bindings.users.values()))
    body = {"uid": user.uid, "appid": user.appid, "dids": other}
    assert caller.error("POST", "/devices/bindings", body) == 5002


def test_swapped_labels(serve, fleet):
    """`outcome_labels="swapped"` exchanges `success` and `failed`."""
    caller = serve(fleet, outcome_labels="swapped")
    user = next(iter(caller.cloud.product.bindings.users.values()))
    body = {"uid": user.uid, "appid": user.appid, "dids": [fleet.devices[0].did, "nowhere"]}
    done = caller.answer("POST", "/devices/bindings", body)[1]
    assert done == {"success": ["nowhere"], "failed": [fleet.devices[0].did]}


def test_user_searches(serve, fleet):
    """Registered users need the enterprise headers, bound ones a token; totals agree."""
    caller = serve(fleet)
    people = caller.cloud.product.bindings
    target = f"/v1/users/search?product_key={caller.cloud.credentials.product_key}&limit=100"
    page = caller.enterprise(target)
    assert page["meta"]["total"] == len(people.users)
    named = next(row for row in page["objects"] if row["username"])
    assert len(caller.enterprise(f"{target}&username={named['username']}")["objects"]) == 1
    assert caller.enterprise(f"{target}&appid=other")["error_code"] == 5016
    assert caller.enterprise("/v1/users/search")["error_code"] == 5002
    assert caller.enterprise("/v1/users/search?product_key=x")["error_code"] == 5015
    wrong = {"X-Gizwits-Enterprise-Secret": "wrong"}
    assert caller.enterprise(target, **wrong)["error_code"] == 5004
    assert caller.enterprise(target, **{"X-Gizwits-Enterprise-ID": "x"})["error_code"] == 5003
    bound = caller.answer("GET", "/users/search", limit=100)[1]
    assert {row["uid"] for row in bound["objects"]} == {uid for uid, _ in people.rows}
    assert caller.error("GET", "/users/search", type="shoe", val="42") == 5002
    total = {"gid": None, "total": len(people.ever)}
    assert caller.answer("GET", "/users/report/total")[1] == total


# --- control


def online(fleet: Fleet) -> Device:
    return next(device for device in fleet.devices if device.is_online)


def test_control_shows_in_the_logs(serve, fleet):
    """A command is recorded and logged, and the next report has its values."""
    caller, did = serve(fleet), online(fleet).did
    before = caller.log("data", did, limit=1)["objects"][0]["attrs"]
    attrs = {"set_temp": 29, "switch": False, "mode": "除湿"}
    assert caller.answer("POST", f"/devices/{did}/control", {"attrs": attrs}) == (200, {})
    assert caller.log("cmd", did, limit=1)["objects"][0]["type"] == "app2dev"
    caller.now += 1
    after = caller.log("data", did, limit=1)["objects"][0]["attrs"]
    assert after == {**before, "set_temp": 29, "switch": 0, "mode": "除湿"}
    assert caller.log("cmd", did, limit=1)["objects"][0]["type"] == "dev2app"
    assert [entry.did for entry in caller.cloud.product.controls] == [did]
    assert caller.cloud.product.controls[0].attrs["set_temp"] == 29


@pytest.mark.parametrize(
    "body",
    [
        {"raw": [97, 98, 99]},
        {"raw": "616263", "binary_coding": "hex"},
        {"raw": "YWJj", "binary_coding": "base64"},
    ],
)
def test_raw_control(serve, fleet, body):
    """Raw commands are accepted as numbers, hex or base64, and logged as one frame."""
    caller, did = serve(fleet), online(fleet).did
    assert caller.answer("POST", f"/devices/{did}/control", body) == (200, {})
    assert caller.cloud.product.controls[0].raw == b"abc"
    payload = caller.log("cmd", did, limit=1)["objects"][0]["payload"]
    assert payload == "0000000306000090616263"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 5002),
        ({"attrs": {"switch": 1}, "raw": [1]}, 5002),
        ({"attrs": {}}, 5002),
        ({"attrs": {"switch": 2}}, 5401),
        ({"attrs": {"set_temp": 31}}, 5401),
        ({"attrs": {"room_temp": 20}}, 5401),
        ({"attrs": {"mode": "cold"}}, 5401),
        ({"attrs": {"wings": 1}}, 5405),
        ({"raw": [256]}, 5408),
        ({"raw": [True]}, 5408),
        ({"raw": []}, 5408),
        ({"raw": "0g", "binary_coding": "hex"}, 5408),
        ({"raw": "00"}, 5408),
        ({"raw": "00", "binary_coding": "octal"}, 5002),
    ],
)
def test_bad_control(serve, fleet, body, code):
    """Each kind of invalid command has its error code and is not recorded."""
    caller = serve(fleet)
    assert caller.error("POST", f"/devices/{online(fleet).did}/control", body) == code
    assert caller.cloud.product.controls == []


def test_devices_that_take_no_control(serve, fleet):
    """Disabled, offline and forbidden have different codes; some servers accept offline devices."""
    body = {"attrs": {"switch": 1}}
    off = next(d for d in fleet.devices if not d.is_online and not d.is_disabled)
    gone = next(d for d in fleet.devices if d.is_disabled)
    caller = serve(fleet)
    assert caller.error("POST", f"/devices/{off.did}/control", body) == 5305
    assert caller.error("POST", f"/devices/{gone.did}/control", body) == 5304
    assert caller.error("POST", "/devices/nowhere/control", body) == 5301
    caller = serve(fleet, control_offline="accept")
    assert caller.answer("POST", f"/devices/{off.did}/control", body) == (200, {})
    caller = serve(fleet, control_forbidden=True)
    assert caller.error("POST", f"/devices/{off.did}/control", body) == 5404
