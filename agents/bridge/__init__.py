"""The bridge: what sources write to topics, read, translated, and written to `storefront.events`. docs/bridge.md."""
