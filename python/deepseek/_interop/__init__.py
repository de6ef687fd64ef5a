"""Exchange with other libraries: the implementation of ``deepseek.torch`` and ``deepseek.onnx``."""
