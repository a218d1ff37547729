"""What can be done with the rows: statements, rules that span tables."""
