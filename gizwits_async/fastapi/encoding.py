"""Lets a handler without a return annotation return our classes: FastAPI then asks no pydantic schema."""

from fastapi.encoders import encoders_by_class_tuples

from gizwits_async.models import to_dict
from gizwits_async.schema import Model

__all__ = ["register"]


def register() -> None:
    """Make `jsonable_encoder` of FastAPI write our classes as `to_dict` does, without secrets."""
    encoders_by_class_tuples[to_dict] = (Model,)
