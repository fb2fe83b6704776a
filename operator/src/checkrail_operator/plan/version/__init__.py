"""What a ModelVersion needs: that its artifact goes with it, or stays."""
