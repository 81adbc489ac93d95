"""The verbs as Python functions, with every flag as a keyword; what they return."""
