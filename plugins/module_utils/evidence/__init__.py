"""Evidence: what a claim of the report says, and what a run showed."""
