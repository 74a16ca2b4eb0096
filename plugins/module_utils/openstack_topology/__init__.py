"""Reconcile one OpenStack topology: model, state and planner are pure, `cloud` alone talks to an API."""
