"""Training of the detector: whole fields and boxes, where the rest of training has single cells."""
