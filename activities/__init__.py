"""What touches the world: the register, the desks' own stores, threat assessment, placement and notices."""
