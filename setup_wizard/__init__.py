"""The installer without a face: it knows questions, steps and what GitHub needs, and no widgets."""
