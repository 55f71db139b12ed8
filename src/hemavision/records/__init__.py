"""The nouns: records, cell types, reference ranges, and the one way to JSON and back."""
