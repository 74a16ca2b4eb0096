"""Flows between machines: declared, predicted from the topology, observed from their source, compared."""
