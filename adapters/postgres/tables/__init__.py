"""Every table, one module a context; imported together so that the metadata is whole."""
