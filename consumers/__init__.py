"""What talks to Kafka: the publisher of region feeds and the consumer of sister regions' feeds.

Imports the domain, projections and infra.
"""
