"""Jobs: any number of images to one table, resumable at any moment."""
