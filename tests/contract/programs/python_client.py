"""Uses what openapi-python-client made: a token, a search, a data log, a control."""

import os

from generated import AuthenticatedClient, Client
from generated.api.authorization import create_token
from generated.api.devices import control_device, get_data_log, search_devices
from generated.models import (
    Command,
    CommandAttrs,
    Credentials,
    DataPage,
    DevicePage,
    Flag,
    Hits,
    Token,
)

url, key = os.environ["GIZWITS_BASE_URL"], os.environ["GIZWITS_PRODUCT_KEY"]
names = ("ENTERPRISE_ID", "ENTERPRISE_SECRET", "PRODUCT_SECRET")
login = Credentials(*(os.environ[f"GIZWITS_{name}"] for name in names))
token = create_token.sync(key, client=Client(base_url=url), body=login)
assert isinstance(token, Token)
client = AuthenticatedClient(base_url=url, token=token.token, prefix="token")
devices = search_devices.sync(key, client=client, is_online=Flag(1))
assert isinstance(devices, DevicePage) and not isinstance(devices.objects, Hits)
did = devices.objects[0].did
log = get_data_log.sync(key, did, client=client)
assert isinstance(log, DataPage) and not isinstance(log.objects, Hits)
print(len(log.objects))
command = Command(attrs=CommandAttrs.from_dict({"switch": True}))
assert control_device.sync_detailed(key, did, client=client, body=command).status_code == 200
