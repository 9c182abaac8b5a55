// Reads resources as a JSON list; prints what their schemas have against them.
import { readFileSync } from "node:fs";

const schemas = {
  "keda.sh/v1alpha1": "@kubernetes-models/keda/keda.sh/v1alpha1",
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
};
let faults = 0;
for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const models = await import(schemas[resource.apiVersion]);
  try {
    new models[resource.kind](resource).validate();
  } catch (fault) {
    faults += 1;
    console.log(`${resource.kind} ${resource.metadata.name}: ${fault.message}`);
  }
}
process.exit(faults ? 1 : 0);
