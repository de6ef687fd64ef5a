"""The folder of the CUDA plug-in, which `deepseek` loads."""
