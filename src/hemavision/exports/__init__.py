"""What is found in fields, in the forms that other programs read: one file a form."""
