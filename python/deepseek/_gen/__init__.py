"""What a Gen has beside the public class: its configuration, data, fit, monitors and samples."""
