"""The paper's statements as numerical experiments."""
