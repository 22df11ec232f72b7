"""Worlds of synthetic customers, to learn and to be judged in.

The simulator knows nothing of the product but the clock and money of `huitou.kit`; it talks to it through its public
doors only: files for `huitou import`, HTTP, mails read from a sink, and the decisions Parquet.

response    how viewers respond to messages, as equations; the exact expected profit of any plan
plans       plans as arrays, the arms of a campaign file, the oracle under a money budget
people      who lives in a world, and who comes to a broadcast
world       kinds of worlds, several broadcasts in a row, logs of past campaigns
crowd       the same people realised hour by hour: opens, clicks, orders, opt-outs
example     the example broadcast under `examples/`, in the platforms' own formats
"""
