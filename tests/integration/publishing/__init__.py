"""The feeds of regions in the topics of a real Apache Kafka."""
