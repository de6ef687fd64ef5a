"""Model files: written atomically, validated completely when read; `format` describes their contents."""
