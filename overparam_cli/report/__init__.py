"""What the commands print: tables as values, and how they are shown."""
