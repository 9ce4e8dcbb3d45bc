"""What commands print: text for people, commands and JSON for programs, from typed objects."""
