"""What looks wrong in what meters wrote."""
