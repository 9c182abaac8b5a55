"""Made-up shoppers and their traffic."""
