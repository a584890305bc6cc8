"""What is true: values in, values out. No clock, entropy, disk or socket (decision 0006)."""
