"""The main job from end to end, on real data: what `make demo` runs and the e2e tests assert."""
