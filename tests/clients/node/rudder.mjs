import Analytics from "@rudderstack/rudder-sdk-node";
import { ORDER, KEY, TRACKED, URL_ } from "./story.mjs";

const analytics = new Analytics(KEY, { dataPlaneUrl: URL_, flushAt: 5, flushInterval: 500, logLevel: "error" });
const who = { anonymousId: "v-1" };
analytics.page({ ...who, name: "Home", properties: { path: "/", category: "Home" } });
for (const [event, properties] of TRACKED) analytics.track({ ...who, event, properties });
analytics.identify({ ...who, userId: "u-1", traits: { email: "Ann@Shop-Mail.de" } });
analytics.track({ ...who, userId: "u-1", event: "Order Completed", properties: ORDER });
analytics.track({ userId: "u-2", event: "Wheel Spun" });
await analytics.flush();
