"""Parts of `Net`: metrics and the layer table. Rec and Gen, which end in dense layers, use both."""
