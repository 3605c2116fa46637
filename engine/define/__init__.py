"""Files to campaigns: YAML with positions, strategies, schema, lint, digest and diff."""
