"""What a ModelDeployment needs: its pods, its route, its rollout, and what its status says."""
