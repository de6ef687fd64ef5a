"""Parts of `Rec`: targets of steps, streaming, CTC decoding, metrics."""
