"""The bridge: reads topics of sources, translates the records, and writes `storefront.events`. docs/bridge.md."""
