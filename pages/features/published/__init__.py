"""The networks that others published: their cards, and fetching them."""
