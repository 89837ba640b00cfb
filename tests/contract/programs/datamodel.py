"""Uses what datamodel-code-generator made, over httpx: a token, a search, a data log, a control."""

import os

import httpx
from models import Command, Credentials, DataPage, DevicePage, Empty, Hits, Token

root = f"{os.environ['GIZWITS_BASE_URL']}/v1/products/{os.environ['GIZWITS_PRODUCT_KEY']}"
names = ("enterprise_id", "enterprise_secret", "product_secret")
login = Credentials.model_validate({name: os.environ[f"GIZWITS_{name.upper()}"] for name in names})
with httpx.Client() as http:
    reply = http.post(f"{root}/access_token", json=login.model_dump())
    token = Token.model_validate_json(reply.content).token
    http.headers["Authorization"] = f"token {token}"
    reply = http.get(f"{root}/devices/search", params={"is_online": 1})
    devices = DevicePage.model_validate_json(reply.content).objects
    assert not isinstance(devices, Hits)
    did = devices[0].did
    log = DataPage.model_validate_json(http.get(f"{root}/devices/{did}/data").content).objects
    assert not isinstance(log, Hits)
    print(len(log), log[0].ts, log[0].attrs["switch"])
    command = Command(attrs={"switch": True})
    reply = http.post(f"{root}/devices/{did}/control", json=command.model_dump(exclude_none=True))
    Empty.model_validate_json(reply.content)
