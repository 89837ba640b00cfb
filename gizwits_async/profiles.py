"""Profiles: the enterprises of one configuration file, each with its products, address and quota.

```toml
[profiles.acme]
enterprise_id = "..."
enterprise_secret = "..."            # or enterprise_secret_file, secret_command or keyring = true
base_url = "https://enterpriseapi.gizwits.com"
calls_per_hour = 7200
proxy = "http://proxy.example:3128"
quota_url = "redis://quota.example"  # only where other programs use this quota too

[profiles.acme.products.pump]
product_key = "..."
product_secret = "..."               # or product_secret_file
```

A profile with one product may have `product_key` and `product_secret` beside its `enterprise_id`.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import Factory, field, frozen

from gizwits_async.errors import CredentialsError
from gizwits_async.options import CALLS_PER_HOUR, Credentials, Secret
from gizwits_async.profile_values import enterprise_secret, required_text, secret_of
from gizwits_async.secret_files import read_text

__all__ = ["Profile", "config_path", "load_profile", "load_profiles", "outline", "two_quotas"]

_PRODUCT_KEYS = {"product_key", "product_secret", "product_secret_file"}
_KEYS = {
    "enterprise_id",
    "enterprise_secret",
    "enterprise_secret_file",
    "secret_command",
    "keyring",
    "base_url",
    "calls_per_hour",
    "proxy",
    "quota_url",
    "products",
    *_PRODUCT_KEYS,
}
_ALONE = "default"
"""Name of a product whose key stands beside the enterprise id."""


@frozen(kw_only=True)
class Profile:
    """One enterprise of a configuration file."""

    name: str
    """Its name in the file."""
    credentials: Credentials
    """Those of its first product; the enterprise is the same for all products."""
    products: Mapping[str, Credentials] = Factory(
        lambda self: {_ALONE: self.credentials}, takes_self=True
    )
    """The credentials of each product, by the name of the product; by default the one of `credentials`,
    named `default`."""
    base_url: str | None = None
    """Where its service is; None for the default."""
    calls_per_hour: int | None = None
    """Its quota; None for the default, 3,600."""
    proxy: str | None = field(default=None, repr=False)
    """URL of the proxy by which it is reached, perhaps with a password."""
    quota_url: str | None = field(default=None, repr=False)
    """What all programs that call for this enterprise share its quota by: a URL of `SharedQuota`, which
    may hold a password."""

    @property
    def quota(self) -> int:
        """Its quota in calls an hour."""
        return self.calls_per_hour or CALLS_PER_HOUR

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of a client that the profile determines."""
        named = {"base_url": self.base_url, "proxy": self.proxy}
        return {name: value for name, value in named.items() if value is not None}

    def product(self, name: str | None = None) -> Credentials:
        """Return the credentials of a product; without a name, those of the only one.

        Raises:
            CredentialsError: There is no such product, or there are several and none is named.
        """
        names = ", ".join(self.products)
        if name is None:
            if len(self.products) > 1:
                raise CredentialsError(
                    f"profile {self.name} has several products, name one: {names}"
                )
            return self.credentials
        if name not in self.products:
            raise CredentialsError(f"profile {self.name} has no product {name!r}, only: {names}")
        return self.products[name]


def config_path() -> Path:
    """Return the file of profiles: `GIZWITS_CONFIG`, or `config.toml` in the platform's folder.

    Raises:
        CredentialsError: The variable is not set, and `platformdirs` (extra `cli`) is missing.
    """
    if named := os.environ.get("GIZWITS_CONFIG"):
        return Path(named)
    try:
        from platformdirs import user_config_path  # noqa: PLC0415 - comes with an extra
    except ModuleNotFoundError:
        raise CredentialsError(
            "set GIZWITS_CONFIG to the file of profiles, or install 'gizwits-async[cli]'"
        ) from None
    return user_config_path("gizwits-async") / "config.toml"


def load_profiles(path: Path | None = None) -> Mapping[str, Profile]:
    """Return all profiles of the file, by name; the secrets of all of them are read.

    Raises:
        CredentialsError: As `load_profile`.
    """
    path = path or config_path()
    return {name: _profile(path, name, table) for name, table in _tables(path).items()}


def outline(path: Path | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Return what the file says of each profile beside its secrets, by name; no secret is read.

    Returns:
        `products` (a list of names), `calls_per_hour` and `base_url` (None for the default) of each.

    Raises:
        CredentialsError: The file cannot be read or is unsafe.
    """
    path = path or config_path()
    return {
        name: {
            "products": list(_products(f"{path}: profile {name}", table)),
            "calls_per_hour": table.get("calls_per_hour"),
            "base_url": table.get("base_url"),
        }
        for name, table in _tables(path).items()
    }


def load_profile(name: str | None, path: Path | None = None) -> Profile:
    """Return one profile; no other one's secrets are read.

    Args:
        name: Its name in the file. None is a file without profiles, whose keys stand at its top.
        path: The file; that of `config_path` by default. It must be readable for its owner only, or
            lie on a read-only mount.

    Raises:
        CredentialsError: The file cannot be read or is unsafe, there is no such profile, or something
            in it is missing or wrong; no message quotes a value that may be a secret.
    """
    path = path or config_path()
    tables = _tables(path)
    if name is None and not tables:
        return _profile(path, _ALONE, _read(path))
    if name is None:
        raise CredentialsError(f"{path} has profiles, name one: {', '.join(tables)}")
    if name not in tables:
        known = ", ".join(tables) or "none"
        raise CredentialsError(f"{path} has no profile {name!r}; it has: {known}")
    return _profile(path, name, tables[name])


def _read(path: Path) -> Mapping[str, Any]:
    try:
        read = _hidden(tomllib.loads(read_text(path)))
    except tomllib.TOMLDecodeError:
        # The parser's message would quote the line, and that may hold a secret.
        read = None
    if read is None:
        raise CredentialsError(f"{path} is not a TOML file")
    return read  # type: ignore[no-any-return]


def _tables(path: Path) -> Mapping[str, Mapping[str, Any]]:
    tables = _read(path).get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(one, dict) for one in tables.values()):
        raise CredentialsError(f"{path}: [profiles.NAME] must be tables")
    quotas = (
        (name, table.get("enterprise_id"), table.get("calls_per_hour"))
        for name, table in tables.items()
    )
    if problem := two_quotas(quotas):
        raise CredentialsError(f"{path}: {problem}")
    return tables


def _hidden(value: Any) -> Any:
    """Return the value with each text as a `Secret`: tracebacks show the locals of frames."""
    if isinstance(value, dict):
        return {key: _hidden(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_hidden(one) for one in value]
    return Secret(value) if isinstance(value, str) else value


def two_quotas(profiles: Iterable[tuple[str, object, object]]) -> str | None:
    """Return the message about two profiles of one enterprise with different quotas, if there are such.

    Args:
        profiles: Name, enterprise id and `calls_per_hour` of each; values of wrong types are passed over.
    """
    seen: dict[str, tuple[str, int]] = {}
    for name, enterprise, calls in profiles:
        quota = CALLS_PER_HOUR if calls is None else calls
        if isinstance(enterprise, str) and isinstance(quota, int):
            other, known = seen.setdefault(enterprise, (name, quota))
            if quota != known:
                return (
                    f"profiles {other} and {name} are one enterprise, with different calls_per_hour:"
                    f" {known:,} and {quota:,}"
                )
    return None


def _profile(path: Path, name: str, table: Mapping[str, Any]) -> Profile:
    where = f"{path}: profile {name}"
    unknown = ", ".join(sorted(set(table) - _KEYS))
    if unknown:
        raise CredentialsError(f"{where}: unknown keys: {unknown}")
    calls = table.get("calls_per_hour")
    if calls is not None and (not isinstance(calls, int) or isinstance(calls, bool) or calls < 1):
        raise CredentialsError(f"{where}: calls_per_hour must be a whole number above 0")
    enterprise_id = required_text(where, table, "enterprise_id")
    secret = enterprise_secret(where, name, table)
    products = {
        product: _credentials(f"{where}, product {product}", enterprise_id, secret, keys)
        for product, keys in _products(where, table).items()
    }
    return Profile(
        name=name,
        credentials=next(iter(products.values())),
        products=products,
        base_url=required_text(where, table, "base_url") if "base_url" in table else None,
        calls_per_hour=calls,
        proxy=Secret(required_text(where, table, "proxy")) if "proxy" in table else None,
        quota_url=Secret(required_text(where, table, "quota_url"))
        if "quota_url" in table
        else None,
    )


def _products(where: str, table: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    own = {key: table[key] for key in _PRODUCT_KEYS & set(table)}
    found = table.get("products", {})
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise CredentialsError(f"{where}: products must be tables")
    products = {_ALONE: own, **found} if own else found
    if not products:
        raise CredentialsError(f"{where}: missing product_key, or [products.NAME] with one")
    return products


def _credentials(
    where: str, enterprise_id: str, secret: Secret, keys: Mapping[str, Any]
) -> Credentials:
    unknown = ", ".join(sorted(set(keys) - _PRODUCT_KEYS))
    if unknown:
        raise CredentialsError(f"{where}: unknown keys: {unknown}")
    product_key = required_text(where, keys, "product_key")
    product_secret = secret_of(where, keys, "product_secret")
    try:
        return Credentials(
            enterprise_id=enterprise_id,
            enterprise_secret=secret,
            product_key=product_key,
            product_secret=product_secret,
        )
    except ValueError as error:
        raise CredentialsError(f"{where}: {error}") from None
