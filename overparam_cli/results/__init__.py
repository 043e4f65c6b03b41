"""What a run left behind: files, schema, and the objects that read them."""
