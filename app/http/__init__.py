"""The JSON API: one controller a context; each door translates, calls one use case, translates back."""
