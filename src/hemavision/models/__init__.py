"""Network architectures, one file each. Keras lives here, never on the serving side."""
