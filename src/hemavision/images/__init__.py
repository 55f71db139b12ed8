"""What comes in from outside, opened safely, and what its light and stain are."""
