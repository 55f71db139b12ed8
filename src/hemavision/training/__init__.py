"""Image sets, splits, augmentation, fitting and export. Never imported by serving."""
