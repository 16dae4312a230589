"""Files that meters wrote, read in a child process."""
