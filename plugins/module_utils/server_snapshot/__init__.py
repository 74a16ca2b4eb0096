"""Take, restore and rotate snapshots of servers: `cloud` alone talks to an API, the rest is pure."""
