"""Models of other libraries: what ``deepseek.torch`` and ``deepseek.onnx`` are made of."""
