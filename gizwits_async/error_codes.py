"""The table of the service's error codes, and the class of error that each reply is."""

from collections.abc import Mapping
from types import MappingProxyType

from gizwits_async.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    QuotaExceededError,
    ServerError,
    TokenRejectedError,
)

__all__ = ["API_ERRORS", "api_error"]

API_ERRORS: Mapping[int, tuple[int, type[ApiError], str]] = MappingProxyType(
    {
        5001: (400, InvalidRequestError, "body json invalid"),
        5002: (400, InvalidRequestError, "form invalid"),
        5003: (404, AuthenticationError, "enterprise id not exist"),
        5004: (400, AuthenticationError, "enterprise secret error"),
        5005: (400, AuthenticationError, "product secret error"),
        5006: (400, ConflictError, "product exist devicegroups"),
        5007: (404, AuthenticationError, "association not exist"),
        5008: (400, AuthenticationError, "association existed"),
        5009: (400, TokenRejectedError, "token invalid"),
        5010: (400, AuthenticationError, "token not match product_key"),
        5011: (400, TokenRejectedError, "token has expired"),
        5012: (400, AuthenticationError, "ip not in white list"),
        5013: (403, QuotaExceededError, "API call rate limit execeed quota"),
        5014: (400, NotFoundError, "Report has not been generated!"),
        5015: (404, NotFoundError, "Product key not exist!"),
        5016: (404, NotFoundError, "Appid not exist!"),
        5017: (404, NotFoundError, "Uid not exist!"),
        5018: (403, ForbiddenError, "product operation not allowed"),
        5019: (404, NotFoundError, "organization does not exist"),
        5020: (400, InvalidRequestError, "can not delete published product!"),
        5021: (400, ConflictError, "enterprise is exist"),
        5022: (404, NotFoundError, "enterprise does not exist"),
        5023: (403, ConflictError, "enterprise is creating"),
        5024: (403, ForbiddenError, "api deny to visit!"),
        5025: (404, NotFoundError, "product does not exist"),
        5201: (403, ForbiddenError, "device group not belong to this product"),
        5202: (404, NotFoundError, "parent group not exist"),
        5203: (400, ConflictError, "already has one root group"),
        5204: (400, ConflictError, "group has subgroup"),
        5205: (400, ConflictError, "group has device item"),
        5206: (404, NotFoundError, "group not exist"),
        5207: (400, InvalidRequestError, "product key not in pre assignment!"),
        5208: (400, ConflictError, "create assign device in progress!"),
        5301: (404, NotFoundError, "device not exist"),
        5302: (403, ForbiddenError, "device not belong to this product"),
        5303: (400, ConflictError, "device not bound"),
        5304: (400, ConflictError, "device is disabled"),
        5305: (400, ConflictError, "device offline!"),
        5401: (400, InvalidRequestError, "attr invalid!"),
        5402: (404, NotFoundError, "datapoint data not found!"),
        5403: (400, ServerError, "send command failed!"),
        5404: (403, ForbiddenError, "remote control not allowed!"),
        5405: (404, NotFoundError, "attrs not exist!"),
        5406: (500, ServerError, "Datapoints malformed"),
        5407: (500, ServerError, "generate meta failed"),
        5408: (400, InvalidRequestError, "raw data error!"),
        5409: (500, ServerError, "call innerapi failed!"),
        5501: (404, NotFoundError, "firmware does not exist"),
        5502: (400, ConflictError, "firmware version has created"),
        5503: (403, ForbiddenError, "firmware operation not allowed"),
        5601: (500, ServerError, "kairosdb query error!"),
        5701: (403, ForbiddenError, "This eid has no permission to reset pwd."),
        5702: (403, ForbiddenError, "This eid has no permission to reset pwd for this appid."),
        5703: (400, InvalidRequestError, "Cannot reset pwd for anonymous user"),
        5801: (400, AuthenticationError, "the pks has not associate with enterprise!"),
        5901: (400, AuthenticationError, "x-service secret key invalid!"),
    }
)
"""`error_code` -> (HTTP status, class, text), as in the API document's table of errors."""

_BY_STATUS: Mapping[int, type[ApiError]] = MappingProxyType(
    {
        401: AuthenticationError,
        403: ForbiddenError,
        404: NotFoundError,
        409: ConflictError,
        429: QuotaExceededError,
    }
)
_SERVER_FAULT = 500
_CLIENT_FAULT = 400


def api_error(
    status: int, code: int | str | None, message: str, detail: object = None, where: str = ""
) -> ApiError:
    """Return the error for a refusal: chosen by its code first, by its status second.

    Args:
        status: HTTP status of the reply.
        code: `error_code` of the body; None if it had none.
        message: `error_message`; the text of the table replaces an empty one.
        detail: What the body says beyond that.
        where: Verb and path of the call.
    """
    known = API_ERRORS.get(code) if isinstance(code, int) else None
    if known is not None:
        cls, message = known[1], message or known[2]
    elif status >= _SERVER_FAULT:
        cls = ServerError
    else:
        cls = _BY_STATUS.get(status, InvalidRequestError if status >= _CLIENT_FAULT else ApiError)
    return cls(message, status=status, code=code, detail=detail, where=where)
