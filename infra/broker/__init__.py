"""A local Apache Kafka for development and tests, one KRaft node on loopback.

`runtime` finds Java and the jars, `node` is the broker's files and process, `lifecycle` starts, stops and reports.
"""
