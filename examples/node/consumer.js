// Acts on each trigger once, and on none whose cancel it knows. `npm ci && node consumer.js`
//
// What was acted on is remembered in a file, before the act: after a crash a message may be missing, none
// comes twice. Remember it after the act, and it is the other way round.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import kafkajs from "kafkajs";

const { TRIGGERS_KAFKA, TRIGGERS_PREFIX: prefix = "", MEMORY = "acted.txt" } = process.env;
const remembered = () => new Set(existsSync(MEMORY) ? readFileSync(MEMORY, "utf8").split("\n") : []);
let acted = remembered();

function firstTime(id) {
  if (acted.has(id)) return false;
  appendFileSync(MEMORY, `${id}\n`);
  return acted.add(id);
}

const kafka = new kafkajs.Kafka({ clientId: "example", brokers: TRIGGERS_KAFKA.split(",") });
const consumer = kafka.consumer({ groupId: `${prefix}example-node`, sessionTimeout: 10_000 });
const literal = prefix.replaceAll(".", "\\.");
// Another process of the group may have acted on what comes again: it is to have the same file.
consumer.on(consumer.events.GROUP_JOIN, () => (acted = remembered()));
await consumer.connect();
await consumer.subscribe({
  topics: [new RegExp(`^${literal}triggers\\.(?!(decisions|shadow|outcomes)$)`)],
  fromBeginning: true,
});
await consumer.run({
  // Offsets are committed when the batch is done.
  eachBatch: async ({ batch }) => {
    const events = batch.messages.map((message) => JSON.parse(message.value));
    const cancels = events.filter((event) => event.type === "storefront.trigger.cancelled.v1");
    const cancelled = new Set(cancels.map((event) => event.id));
    for (const { id, data } of events) {
      if (cancelled.has(id)) {
        if (acted.has(data.trigger_id)) console.log("recall", data.trigger_id, data.reason);
      } else if (!cancelled.has(`${id}/cancelled`) && Date.now() < data.valid_until) {
        if (firstTime(id)) console.log("send", id, data.person, data.offer);
      }
    }
  },
});

process.once("SIGTERM", () => consumer.disconnect());
