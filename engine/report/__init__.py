"""Read-side: what became of deliveries, and pages to look at."""
