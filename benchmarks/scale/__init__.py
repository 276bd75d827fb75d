"""What a check costs in time and memory when there are very many parameters."""
