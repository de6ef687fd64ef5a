"""What a Net is told and shows; Rec and Gen, which end in dense layers, use some of it."""
