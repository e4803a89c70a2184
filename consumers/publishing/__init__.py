"""Publishes the feeds of regions to Kafka, one topic a region, by one leader among all processes of the role.

`publisher` is the thread and its leadership, `term` what a leader does, `region` one topic's standing, `kafka` the
brokers' side (topics, their ends, what stands in them), `progress` what the database remembers, `measures` the lag.
"""
