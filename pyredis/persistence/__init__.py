"""Redis' file formats: values and whole data sets as bytes, and back."""
