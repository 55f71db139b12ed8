"""Our ONNX graphs: a network as data, its answer, Grad-CAM and doubt, written and read back."""
