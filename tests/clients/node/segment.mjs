import { Analytics } from "@segment/analytics-node";
import { ORDER, KEY, TRACKED, URL_ } from "./story.mjs";

const analytics = new Analytics({ writeKey: KEY, host: URL_, flushAt: 5 });
analytics.on("error", console.error);
const who = { anonymousId: "v-1" };
analytics.page({ ...who, category: "Home", name: "Home", properties: { path: "/" } });
for (const [event, properties] of TRACKED) analytics.track({ ...who, event, properties });
analytics.identify({ ...who, userId: "u-1", traits: { email: "Ann@Shop-Mail.de" } });
analytics.track({ ...who, userId: "u-1", event: "Order Completed", properties: ORDER });
analytics.track({ userId: "u-2", event: "Wheel Spun" });
analytics.group({ userId: "u-1", groupId: "g-1" });
await analytics.closeAndFlush();
