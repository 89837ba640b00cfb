"""What the package costs, as ratios against a floor or a peer of the same run."""
