"""Files to campaigns: YAML with positions, strategies, schema, digest and diff."""
