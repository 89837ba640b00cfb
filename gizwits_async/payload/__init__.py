"""The frames that devices and cloud exchange, and the data points in them.

Nothing here does I/O.
"""

from gizwits_async.models.frame import Frame
from gizwits_async.payload.codec import DataPointCodec, codec_of
from gizwits_async.payload.kinds import Value
from gizwits_async.payload.layout import PayloadError

__all__ = ["DataPointCodec", "Frame", "PayloadError", "Value", "codec_of"]
