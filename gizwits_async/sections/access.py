"""The sections of a client as its attributes, each imported on first use."""

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar

from gizwits_async.wire.gateway import Gateway

if TYPE_CHECKING:
    from gizwits_async.sections.authorization import Authorization
    from gizwits_async.sections.bindings import Bindings
    from gizwits_async.sections.device_groups import DeviceGroups
    from gizwits_async.sections.device_reports import DeviceReports
    from gizwits_async.sections.devices import Devices
    from gizwits_async.sections.product import Product
    from gizwits_async.sections.user_reports import UserReports
    from gizwits_async.sections.users import Users

__all__ = ["SectionAccess"]

T = TypeVar("T")


class _section(cached_property[T]):  # noqa: N801 - a decorator
    """A section, made when it is first used, and read-only: so `create_autospec` sees a property."""

    def __set__(self, instance: object, value: object) -> NoReturn:
        raise AttributeError("the sections of a client cannot be replaced")


class SectionAccess:
    """Gives a client one attribute for each chapter of the API document, made when it is first used."""

    _gateway: Gateway

    @property
    def _product_key(self) -> str:
        return self._gateway.credentials.product_key

    def _copy(self) -> Self:
        """Return a copy that will make sections of its own: those of this one hold its gateway."""
        made = copy(self)
        for name, member in vars(SectionAccess).items():
            if isinstance(member, _section):
                vars(made).pop(name, None)
        return made

    # The sections, in the order of the API document. Each module is imported on first use: most
    # programs need two of them, and the import of all would double the start of a command.

    @_section
    def authorization(self) -> "Authorization":
        """Tokens."""
        from gizwits_async.sections.authorization import Authorization

        return Authorization(self._gateway, self._product_key)

    @_section
    def product(self) -> "Product":
        """The product's definition: the data points of its devices."""
        from gizwits_async.sections.product import Product

        return Product(self._gateway, self._product_key)

    @_section
    def users(self) -> "Users":
        """Registered users, and users bound to devices."""
        from gizwits_async.sections.users import Users

        return Users(self._gateway, self._product_key)

    @_section
    def devices(self) -> "Devices":
        """Devices, their control and their logs."""
        from gizwits_async.sections.devices import Devices

        return Devices(self._gateway, self._product_key)

    @_section
    def device_groups(self) -> "DeviceGroups":
        """The tree of device groups."""
        from gizwits_async.sections.device_groups import DeviceGroups

        return DeviceGroups(self._gateway, self._product_key)

    @_section
    def bindings(self) -> "Bindings":
        """Bindings of devices to users."""
        from gizwits_async.sections.bindings import Bindings

        return Bindings(self._gateway, self._product_key)

    @_section
    def device_reports(self) -> "DeviceReports":
        """Statistics of devices."""
        from gizwits_async.sections.device_reports import DeviceReports

        return DeviceReports(self._gateway, self._product_key)

    @_section
    def user_reports(self) -> "UserReports":
        """Statistics of users."""
        from gizwits_async.sections.user_reports import UserReports

        return UserReports(self._gateway, self._product_key)
