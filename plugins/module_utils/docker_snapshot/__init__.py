"""Keep a container's content as an image: `engine` alone talks to Docker, the rest is pure."""
