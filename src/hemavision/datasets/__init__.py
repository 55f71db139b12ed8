"""The public image sets: where to get one, what is in it, and who may learn from what.

For training and tests; serving never imports this.
"""
