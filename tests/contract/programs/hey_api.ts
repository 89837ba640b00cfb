// Uses what @hey-api/openapi-ts made: a token, a search, a data log, a control.
import { client } from "./generated/client.gen";
import { controlDevice, createToken, getDataLog, searchDevices } from "./generated/sdk.gen";

declare const process: { env: Record<string, string> };
const { GIZWITS_BASE_URL: baseUrl, GIZWITS_PRODUCT_KEY: product_key } = process.env;
client.setConfig({ baseUrl });

const main = async () => {
  const login = {
    enterprise_id: process.env.GIZWITS_ENTERPRISE_ID,
    enterprise_secret: process.env.GIZWITS_ENTERPRISE_SECRET,
    product_secret: process.env.GIZWITS_PRODUCT_SECRET,
  };
  const token = (await createToken({ path: { product_key }, body: login, throwOnError: true })).data.token;
  client.setConfig({ baseUrl, auth: `token ${token}`, throwOnError: true });
  const devices = (await searchDevices({ path: { product_key }, query: { is_online: 1 }, throwOnError: true })).data.objects;
  if (!Array.isArray(devices)) throw devices;
  const did: string = devices[0].did;
  const records = (await getDataLog({ path: { product_key, did }, throwOnError: true })).data.objects;
  if (!Array.isArray(records)) throw records;
  const seconds: number[] = records.map((record) => record.ts);
  await controlDevice({ path: { product_key, did }, body: { attrs: { switch: true } }, throwOnError: true });
  console.log(seconds.length);
};
main();
