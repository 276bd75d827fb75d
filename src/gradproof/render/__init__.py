"""From the record to what people read: one small file for each format."""
