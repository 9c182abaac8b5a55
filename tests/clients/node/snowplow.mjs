import {
  buildEcommerceTransaction, buildPagePing, buildPageView, buildSelfDescribingEvent, newTracker,
} from "@snowplow/node-tracker";
import { KEY, URL_ } from "./story.mjs";

const told = new URL(URL_);
const failures = [];
const tracker = newTracker(
  { namespace: "shop", appId: KEY },
  {
    endpoint: told.hostname, protocol: "http", port: Number(told.port), bufferSize: 3,
    onRequestFailure: (batch) => failures.push(batch),
  },
);
const home = "iglu:com.snowplowanalytics.snowplow.ecommerce";
const shirt = { id: "p-1", name: "Shirt", category: "Shirts", price: 19.9, currency: "EUR" };
const entity = (name, data) => ({ schema: `${home}/${name}/jsonschema/1-0-0`, data });
const act = (type, ...entities) => tracker.track(
  buildSelfDescribingEvent({ event: { schema: `${home}/snowplow_ecommerce_action/jsonschema/1-0-2`, data: { type } } }),
  entities,
);
tracker.setDomainUserId("v-1");
tracker.setUserId("u-1");
tracker.track(buildPageView({ pageUrl: "https://shop.example/?email=a%40b.example", pageTitle: "Home" }));
tracker.track(buildPagePing({ pageUrl: "https://shop.example/" }));
act("list_view", entity("product", shirt));
act("product_view", entity("product", shirt));
act("add_to_cart", entity("product", { ...shirt, quantity: 2 }), entity("cart", { total_value: 39.8, currency: "EUR" }));
act("checkout_step", entity("checkout_step", { step: 1 }));
act("checkout_step", entity("checkout_step", { step: 3 }));
act("transaction", entity("transaction", { transaction_id: "o-1", revenue: 39.8, currency: "EUR", payment_method: "card" }), entity("product", { ...shirt, quantity: 2 }));
tracker.track(buildEcommerceTransaction({ orderId: "o-2", total: 5, currency: "EUR" }));
for (const wait of [0, 500, 500]) {
  await new Promise((done) => setTimeout(done, wait));
  await tracker.flush(); // what failed waits for the next one
}
console.log(failures);
