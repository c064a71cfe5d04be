"""Card -> benchmark: read as text, convert by the declared schema, check, group, split. Nothing is trusted, nothing is lost."""
