"""What is done with cases by the model: images read in, reviewed cells written out, pictures made.

The store below knows no model, and the command line and the web above know no rules.
"""
