// @segment/analytics-node, unmodified: sends COUNT events to HOST, numbered from FIRST, a few at a time, until all are acknowledged.
import { createRequire } from "node:module";
const require = createRequire(process.cwd() + "/");
const { Analytics } = require("@segment/analytics-node");

const [host, writeKey, count, first] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, flushAt: 10, flushInterval: 100, maxRetries: 20 });
analytics.on("error", (error) => console.error("error", error.code, error.reason));
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  analytics.track({ userId: `u-${n % 7}`, event: "live_commented", properties: { n, broadcast_id: "B20", content: "怎么买" } });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await analytics.closeAndFlush({ timeout: 60000 });
