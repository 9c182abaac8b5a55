// Parses the AsyncAPI document whose path it reads; prints what the official parser says, as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const source = readFileSync(0, "utf8").trim();
const { document, diagnostics } = await new Parser().parse(readFileSync(source, "utf8"), { source });
console.log(
  JSON.stringify({
    valid: document !== undefined,
    channels: document?.channels().all().map((channel) => channel.address()) ?? [],
    messages: document?.messages().all().map((message) => message.name() ?? message.id()) ?? [],
    diagnostics: diagnostics.map(({ severity, code, message, path }) => ({
      severity,
      code,
      message,
      path: path.join("."),
    })),
  }),
);
