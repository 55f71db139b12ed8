"""Between weight formats: bundles, Keras. Never imported by serving."""
