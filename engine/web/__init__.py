"""Serves what the world may call: providers' webhooks, the page that ends messages, a health check."""
