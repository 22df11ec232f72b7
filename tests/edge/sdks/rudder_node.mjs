// @rudderstack/rudder-sdk-node, unmodified: sends COUNT events to HOST, numbered from FIRST, a few at a time, until all are acknowledged.
import { createRequire } from "node:module";
const require = createRequire(process.cwd() + "/");
const exported = require("@rudderstack/rudder-sdk-node");
const Analytics = exported.default ?? exported;

const [host, key, count, first] = process.argv.slice(2);
let acknowledged = 0;
// By itself it gives up after 3 tries in about a second, which no server's restart can promise.
const patient = { retryCount: 200, axiosRetryConfig: { retryDelay: () => 200 } };
const analytics = new Analytics(key, { dataPlaneUrl: host, flushAt: 10, flushInterval: 100, gzip: true, ...patient });
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  const event = { userId: `u-${n % 7}`, event: "live_commented", properties: { n, broadcast_id: "B20", content: "怎么买" } };
  analytics.track(event, (error) => (error ? console.error("error", error.message) : acknowledged++));
  await new Promise((resolve) => setTimeout(resolve, 20));
}
while (acknowledged < Number(count)) {
  analytics.flush();
  await new Promise((resolve) => setTimeout(resolve, 200));
}
process.exit(0);
