"""Files of events: read them, load them into Kafka."""
