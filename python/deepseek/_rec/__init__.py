"""What a Rec has beside the public class: its configuration, targets of steps, streaming, CTC."""
