"""WHAT people see: analysis, figures, claims. Reads logs only, never trains."""
