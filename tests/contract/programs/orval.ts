// Uses what orval made: a token, a search, a data log, a control.
import { controlDevice, createToken, getDataLog, searchDevices } from "./generated";

declare const process: { env: Record<string, string> };
const { GIZWITS_BASE_URL: base, GIZWITS_PRODUCT_KEY: key } = process.env;
// The generated functions call fetch with a path: this is where an app adds its server.
const direct = fetch;
globalThis.fetch = (path, options) => direct(base + path, options);

const main = async () => {
  const login = {
    enterprise_id: process.env.GIZWITS_ENTERPRISE_ID,
    enterprise_secret: process.env.GIZWITS_ENTERPRISE_SECRET,
    product_secret: process.env.GIZWITS_PRODUCT_SECRET,
  };
  const created = await createToken(key, login);
  if (created.status !== 201) throw created.data;
  const options = { headers: { Authorization: `token ${created.data.token}` } };
  const found = await searchDevices(key, { is_online: 1 }, options);
  if (found.status !== 200 || !Array.isArray(found.data.objects)) throw found.data;
  const did: string = found.data.objects[0].did;
  const log = await getDataLog(key, did, undefined, options);
  if (log.status !== 200 || !Array.isArray(log.data.objects)) throw log.data;
  const seconds: number[] = log.data.objects.map((record) => record.ts);
  const sent = await controlDevice(key, did, { attrs: { switch: true } }, options);
  if (sent.status !== 200) throw sent.data;
  console.log(seconds.length);
};
main();
