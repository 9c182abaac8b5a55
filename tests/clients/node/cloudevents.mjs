import { CloudEvent, HTTP } from "cloudevents";
import { SECRET, URL_ } from "./story.mjs";

const shop = { source: "/shop", subject: "v-1" };
const told = (name, id, data) => new CloudEvent({ ...shop, type: `com.shop.${name}`, id, data });
const send = async ({ headers, body }) => {
  const authorization = `Bearer ${SECRET}`;
  const response = await fetch(`${URL_}/connect/cloudevents/bus`, { method: "POST", headers: { ...headers, authorization }, body });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
};
const item = { product_id: "p-1", quantity: 2, price: 19.9, currency: "EUR" };
const order = { id: "o-1", value: 39.8, currency: "EUR", items: [item] };
await send(HTTP.binary(told("page.viewed", "1", { page: { path: "/", kind: "home" } })));
await send(HTTP.structured(told("product.viewed", "2", { product: { id: "p-1", price: 19.9 } })));
await send(HTTP.binary(told("cart.updated", "3", { cart: { id: "c-1", items: [item] } })));
const [first] = [HTTP.structured(told("checkout.started", "4", {}))];
const last = HTTP.structured(told("order.placed", "5", { order }));
await send({ headers: { "content-type": "application/cloudevents-batch+json" }, body: `[${first.body},${last.body}]` });
