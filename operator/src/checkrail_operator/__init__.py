"""The operator: observe, plan, execute."""
