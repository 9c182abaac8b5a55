import { PostHog } from "posthog-node";
import { CART, ORDER, KEY, SHIRT, URL_ } from "./story.mjs";

const client = new PostHog(KEY, { host: URL_, flushAt: 3 });
client.on("error", console.error);
const distinctId = "u-1";
client.capture({ distinctId, event: "Product Viewed", properties: SHIRT });
client.capture({ distinctId, event: "Cart Viewed", properties: CART });
client.capture({ distinctId, event: "Checkout Started" });
client.identify({ distinctId, properties: { email: "Ann@Shop-Mail.de" } });
client.capture({ distinctId, event: "Order Completed", properties: ORDER });
client.capture({ distinctId, event: "Order Cancelled", properties: { order_id: "o-1" } });
client.alias({ distinctId, alias: "0199a4f2-7c5e-7d2a-9b1f-3a5c7e9d1b3f" });
await client.shutdown();
