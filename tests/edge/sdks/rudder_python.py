"""rudder-sdk-python, unmodified: sends COUNT events to HOST, numbered from FIRST, a few at a time, until all are acknowledged."""

import sys
import time

from rudderstack.analytics.client import Client

host, key, count, first = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
client = Client(
    key, host=host, upload_interval=0.1, upload_size=10, max_retries=10, timeout=5, gzip=True, on_error=print
)
for n in range(first, first + count):
    client.track(f"u-{n % 7}", "live_commented", {"n": n, "broadcast_id": "B20", "content": "怎么买"})
    time.sleep(0.02)
client.flush()
client.shutdown()
