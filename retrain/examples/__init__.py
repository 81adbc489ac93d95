"""Examples with their labels: listed images, their groups, their splits, and the facts known of them."""
