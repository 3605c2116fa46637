"""What others may test their own parts with; it ships in the package and needs no test library."""
