"""Users, apps and bindings of one product."""

import random

from attrs import define, field, frozen

from gizwits_async.simulator.state.device import Device
from gizwits_async.simulator.state.fleet import Fleet
from gizwits_async.simulator.state.ids import digest
from gizwits_async.simulator.state.timeline import DAY

__all__ = ["Binding", "Bindings", "User", "generate_users"]

_NAMED, _PHONE = 0.6, 0.5


@frozen(kw_only=True)
class User:
    """One user of an app."""

    uid: str
    appid: str
    username: str | None = None
    phone: str | None = None
    email: str | None = None
    birthday: str | None = None
    is_anonymous: bool = True
    gender: str | None = None
    address: str | None = None
    remark: str | None = None
    name: str | None = None
    created_at: int
    updated_at: int
    country: str | None = None
    region: str | None = None
    city: str | None = None


@frozen(kw_only=True)
class Binding:
    """One device bound to one user."""

    uid: str
    did: str
    bound_at: float


@define(eq=False)
class Bindings:
    """Users of one product and the devices they bound."""

    users: dict[str, User]
    rows: dict[tuple[str, str], Binding] = field(factory=dict)
    """(uid, did) -> binding, oldest first."""
    ever: set[str] = field(factory=set)
    """Ids of users who have ever bound a device."""

    @property
    def apps(self) -> frozenset[str]:
        """Ids of all apps."""
        return frozenset(user.appid for user in self.users.values())

    def dids_of(self, uid: str) -> frozenset[str]:
        """Return the dids that a user has bound."""
        return frozenset(did for owner, did in self.rows if owner == uid)

    def users_of(self, did: str) -> tuple[str, ...]:
        """Return the uids that have bound a device, oldest binding (the owner) first."""
        return tuple(uid for uid, bound in self.rows if bound == did)

    def bind(self, uid: str, did: str, now: float) -> None:
        """Bind a device to a user; repeating it changes nothing."""
        self.ever.add(uid)
        self.rows.setdefault((uid, did), Binding(uid=uid, did=did, bound_at=now))

    def unbind(self, uid: str, did: str) -> bool:
        """Remove a binding; False if there was none."""
        return self.rows.pop((uid, did), None) is not None


def generate_users(product_key: str, fleet: Fleet) -> Bindings:
    """Return generated users and bindings for a fleet: about one user for two devices."""
    rng = random.Random(f"people/{product_key}/{fleet.seed}")
    apps = [digest("app", product_key, number) for number in range(2)]
    devices = fleet.devices
    count = max(2, len(devices) // 2)
    homes: list[Device | None] = [*devices[:count]] if devices else []
    users: dict[str, User] = {}
    for number in range(count):
        created = int(fleet.now) - rng.randint(0, 60 * DAY)
        named = rng.random() < _NAMED
        home = homes[number] if number < len(homes) else None
        uid = digest("user", product_key, fleet.seed, number)
        users[uid] = User(
            uid=uid,
            appid=rng.choice(apps),
            username=f"user{number:05d}" if named else None,
            phone=f"1380000{number % 10_000:04d}" if named and rng.random() < _PHONE else None,
            email=f"user{number}@example.org" if named else None,
            is_anonymous=not named,
            created_at=created,
            updated_at=created + rng.randint(0, DAY),
            country=home.country if home else None,
            region=home.region if home else None,
            city=home.city if home else None,
        )
    bindings = Bindings(users)
    for uid, user in users.items():
        for device in rng.sample(devices, k=min(len(devices), rng.randint(0, 2))):
            bindings.bind(uid, device.did, user.created_at)
    return bindings
