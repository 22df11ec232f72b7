"""The wing that proves and shows the house: synthetic customers, benches, a mail sink, the demo's week.

Nothing that works for an operator imports it; only the commands `demo`, `simulate` and `bench` open it.
"""
