// Judges an AsyncAPI document by the AsyncAPI initiative's own parser, which fetches all that the document refers to.
// Takes its URL; prints what it found in it, and {"faults": [...]}.
const { Parser, fromURL } = require("@asyncapi/parser");

async function main(url) {
  const { document, diagnostics } = await fromURL(new Parser(), url).parse();
  const faults = diagnostics
    .filter((one) => one.severity === 0)
    .map((one) => `${one.path.join(".")}: ${one.message}`);
  const told = { faults };
  if (document) {
    told.asyncapi = document.version();
    told.channels = document.channels().all().map((one) => [one.id(), one.address()]);
    told.operations = document.operations().all().map((one) => [one.id(), one.action()]);
    told.messages = document.allMessages().all().map((one) => one.id());
    const topic = document.channels().get("region_topic").messages().get("checked_in");
    const [envelope, own] = topic.payload().json().allOf;
    told.envelope = Object.keys(envelope.properties);
    told.channelsOfACheckIn = own.properties.data.properties.channel.enum;
  }
  process.stdout.write(JSON.stringify(told));
}

main(process.argv[2]).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
