// Uses what openapi-typescript made, over fetch: a token, a search, a data log, a control.
import type { components, paths } from "./types.js";

type Reply<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer R } } } } } ? R : never;
type Row<P extends keyof paths> = Extract<Extract<Reply<P>, { objects: unknown }>["objects"], unknown[]>[number];
declare const process: { env: Record<string, string> };
const { GIZWITS_BASE_URL: url, GIZWITS_PRODUCT_KEY: key } = process.env;
const root = `${url}/v1/products/${key}`;
const send = async (path: string, headers: Record<string, string>, body?: object) =>
  (await fetch(root + path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) })).json();

const main = async () => {
  const login: components["schemas"]["Credentials"] = {
    enterprise_id: process.env.GIZWITS_ENTERPRISE_ID,
    enterprise_secret: process.env.GIZWITS_ENTERPRISE_SECRET,
    product_secret: process.env.GIZWITS_PRODUCT_SECRET,
  };
  const { token }: components["schemas"]["Token"] = await send("/access_token", {}, login);
  const headers = { Authorization: `token ${token}` };
  const devices = (await send("/devices/search?is_online=1", headers)).objects as Row<"/v1/products/{product_key}/devices/search">[];
  const did: string = devices[0].did;
  const records = (await send(`/devices/${did}/data`, headers)).objects as Row<"/v1/products/{product_key}/devices/{did}/data">[];
  const attrs: unknown = records.map((record) => record.attrs["switch"]);
  const command: components["schemas"]["Command"] = { attrs: { switch: true } };
  const reply: components["schemas"]["Empty"] = await send(`/devices/${did}/control`, headers, command);
  console.log(records.length, (attrs as unknown[]).length, JSON.stringify(reply));
};
main();
