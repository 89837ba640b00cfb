"""What is answered about a product: the definition of its data points. Values only."""

from attrs import field, frozen

from gizwits_async.models.values import JsonObject
from gizwits_async.schema import Model

__all__ = ["DataPoint", "Entity", "Position", "ProductDataPoints", "UintSpec"]

# The table of the API document has letters, its example and real replies have words.
_WRITABLE = frozenset({"status_writable", "W"})


@frozen(kw_only=True)
class Position(Model):
    """Where a data point lies in the status bytes of a fixed-length product."""

    len: int
    """How many units the value takes."""
    unit: str
    """`bit` (bool and enum) or `byte` (numbers and binary)."""
    byte_offset: int = 0
    """First byte of the point, or of its section of bits; always 0 in variable-length products."""
    bit_offset: int = 0
    """First bit, counted from the lowest bit of the section; may be 8 and more."""


@frozen(kw_only=True)
class UintSpec(Model):
    """How the number x on the wire becomes the number y on a screen: `y = x * ratio + addition`."""

    min: int
    """Smallest x, before ratio and addition."""
    max: int
    """Greatest x, before ratio and addition."""
    ratio: float = 1
    """Step between two neighbouring y."""
    addition: float = 0
    """The y of x = 0."""


@frozen(kw_only=True)
class DataPoint(Model):
    """One thing a device reports or obeys."""

    id: int
    """Its position in the order of data points, from 0."""
    name: str
    """The name used in logs and in `control`."""
    type: str
    """`status_writable`, `status_readonly`, `alert` or `fault`; or their letters W, R, N, E."""
    data_type: str
    """`bool`, `enum`, `uint8`, `uint16`, `uint32` or `binary`."""
    display_name: str | None = None
    """The name shown to people."""
    desc: str | None = None
    """Free text of the product's makers."""
    uint_spec: UintSpec | None = None
    """Range and scale of a number."""
    enum: tuple[str, ...] | None = None
    """The names of an enum's values, in the order of their numbers."""
    position: Position | None = None
    """Where it lies in the status bytes."""

    @property
    def is_writable(self) -> bool:
        """Whether `control` may set it."""
        return self.type in _WRITABLE


@frozen(kw_only=True)
class Entity(Model):
    """A group of data points. Products are known to have exactly one, `entity0`."""

    attrs: tuple[DataPoint, ...]
    """Its data points."""
    id: int = 0
    """Always 0."""
    name: str | None = None
    """Always `entity0`."""
    display_name: str | None = None
    """The name shown to people."""


@frozen(kw_only=True)
class ProductDataPoints(Model):
    """The reply of `GET /v1/products/{product_key}/datapoint`."""

    product_key: str
    """The product that was asked for."""
    entities: tuple[Entity, ...]
    """The data points, by entity."""
    name: str | None = None
    """Name of the product."""
    protocol_type: str = field(default="standard", metadata={"wire": "protocolType"})
    """`standard`: every report holds all data points; `var_len`: only those it flags."""
    packet_version: str | None = field(default=None, metadata={"wire": "packetVersion"})
    """Always `0x00000004`."""
    ui: JsonObject | None = None
    """How the vendor's phone application draws the data points, as it came."""

    @property
    def datapoints(self) -> tuple[DataPoint, ...]:
        """The data points of all entities, in the order of their ids."""
        points = (point for entity in self.entities for point in entity.attrs)
        return tuple(sorted(points, key=lambda point: point.id))
