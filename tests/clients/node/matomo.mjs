import MatomoTracker from "matomo-tracker";
import { KEY, URL_ } from "./story.mjs";

const tracker = new MatomoTracker(Number(KEY), `${URL_}/matomo.php`);
tracker.on("error", (fault) => { throw new Error(String(fault)); });
const _id = "3f2a9c0b1d4e5f60";
const shop = "https://shop.example";
const lines = JSON.stringify([["p-1", "Shirt", "Shirts", 19.9, 2]]);
tracker.track({ url: `${shop}/?email=a%40b.example`, action_name: "Home", _id, rand: 1 });
tracker.track({ url: `${shop}/shirts`, _id, _pkc: "Shirts", rand: 2 });
tracker.track({ url: `${shop}/search`, _id, search: "shirt", search_count: 1, rand: 3 });
tracker.track({ url: `${shop}/shirt`, _id, _pks: "p-1", _pkn: "Shirt", _pkc: "Shirts", _pkp: 19.9, rand: 4 });
const said = await new Promise((done) => tracker.trackBulk([
  { url: `${shop}/cart`, _id, idgoal: 0, revenue: 39.8, ec_items: lines, rand: 5 },
  { url: `${shop}/cart`, _id, ping: 1, rand: 6 },
  { url: `${shop}/thanks`, _id, idgoal: 0, ec_id: "o-1", revenue: 39.8, ec_items: lines, rand: 7 },
], done));
console.log(said);
await new Promise((later) => setTimeout(later, 1500));
process.exit(0); // it reads no answer to the end, which keeps its connections open
