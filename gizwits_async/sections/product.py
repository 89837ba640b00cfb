"""Chapter "product": what its devices report and obey."""

from gizwits_async.models.product import ProductDataPoints
from gizwits_async.sections.base import Section

__all__ = ["Product"]


class Product(Section):
    """The product itself."""

    async def datapoints(self) -> ProductDataPoints:
        """Return the definition of the product's data points.

        Returns:
            Names, types, ranges and places in the status bytes; a number x of the wire is shown as
            `x * ratio + addition`.

        Raises:
            NotFoundError: None are defined (5402).

        GET /v1/products/{product_key}/datapoint (api document: "get product data points")
        """
        return await self._get("datapoint", ProductDataPoints)
