"""What every long-running command shares: log lines, probes, shutdown."""
