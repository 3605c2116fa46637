"""What goes to whom, when, and whether: pure functions of values, with `now` as an argument."""
