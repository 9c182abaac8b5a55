"""What every client of the brokers needs: topics, rights, offsets, raw batches, reconnecting."""
