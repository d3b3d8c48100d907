"""What the scenarios are made of: the balancer under test, scripted origins, raw clients."""
