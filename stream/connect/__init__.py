"""From what storefronts already send into our events: a source's own words in, `storefront.events` out."""
