"""What every Kafka client of the service needs: topics, rights, offsets, raw batches, reconnecting."""
