"""Watch a service from outside and tell when it was out."""
