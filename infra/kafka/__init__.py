"""How Kafka's clients are configured from the settings: `client_options` for librdkafka, which publishes."""
