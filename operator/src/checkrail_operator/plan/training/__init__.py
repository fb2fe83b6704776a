"""What a TrainingJob needs: a Job for each attempt, and a ModelVersion of what came out."""
