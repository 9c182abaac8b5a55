// Parses the AsyncAPI documents whose paths it reads; prints what the official parser says of each, as a line of JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

for (const source of readFileSync(0, "utf8").trim().split("\n")) {
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
}
