"""What sending costs, ours against the plain ways, each against the same loopback sink in a process of its own."""
