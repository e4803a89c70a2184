// Judges events by the CloudEvents SDK of JavaScript: its validator is made from the specification's own JSON Schema.
// Reads a JSON array of events; prints for each the faults found, as [{"path", "keyword", "format"}].
const { CloudEvent, ValidationError } = require("cloudevents");

function faultsOf(event) {
  try {
    new CloudEvent(event).validate();
    return [];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const faults = error.errors || [{ instancePath: "", keyword: error.message, params: {} }];
    return faults.map((one) => ({
      path: one.instancePath ?? "",
      keyword: one.keyword ?? String(one),
      format: one.params?.format ?? null,
    }));
  }
}

const events = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(events.map(faultsOf)));
